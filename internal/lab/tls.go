// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/tls"
	"errors"
	"strings"
)

// errAway ends the handshake of a client that asks for what is not there.
var errAway = errors.New("the server is away")

// tlsConfig answers each client as the server whose name it asks for; whoever
// asks for none that there is gets the first. It is nil where nothing on the
// port is asked over TLS.
func (p *port) tlsConfig() *tls.Config {
	if p.targets[0].valid == nil {
		return nil
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			p.lab.mu.RLock()
			defer p.lab.mu.RUnlock()
			t := p.named(hello.ServerName)
			if t.condition == away && !saysAway(p.scheme) {
				_ = hello.Conn.Close() // before an alert says more than a dead server would
				return nil, errAway
			}
			return &tls.Config{
				MinVersion:   tls.VersionTLS12,
				Certificates: []tls.Certificate{*t.certificate()},
				NextProtos:   schemes[p.scheme].alpn,
			}, nil
		},
	}
}

// named is the first target of a server name, or the first of all.
func (p *port) named(serverName string) *target {
	for _, t := range p.targets {
		if t.serverName == strings.ToLower(serverName) {
			return t
		}
	}
	return p.targets[0]
}
