// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"

	"golang.org/x/crypto/ssh"
)

// errNoLogin: nobody logs in to the lab.
var errNoLogin = errors.New("nobody logs in here")

// newHostKey makes the key by which an SSH server is known. It is a new one
// each time that the lab starts.
func newHostKey() (ssh.Signer, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("the lab's host key: %w", err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		return nil, fmt.Errorf("the lab's host key: %w", err)
	}
	return signer, nil
}

// talkSSH is an SSH server that shows its key and lets nobody in (RFC 4253).
func talkSSH(x *exchange, key ssh.Signer) {
	config := &ssh.ServerConfig{
		ServerVersion: "SSH-2.0-KDZ_lab",
		MaxAuthTries:  1,
		// The library wants a way to log in; this one leads nowhere.
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, errNoLogin },
	}
	config.AddHostKey(key)
	// It always ends with an error: at the latest because nobody logs in.
	_, _, _, _ = ssh.NewServerConn(x.conn, config)
}
