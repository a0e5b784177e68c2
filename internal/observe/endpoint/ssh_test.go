// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"strings"
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/test/servers"
)

// strangeFingerprint is that of nobody's key.
const strangeFingerprint = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

func sshEndpoint(address string, fingerprints ...string) *v1alpha1.Endpoint {
	e := endpointOf("ssh://" + address)
	if len(fingerprints) > 0 {
		e.SSH = &v1alpha1.SSHCheck{}
	}
	for _, f := range fingerprints {
		e.SSH.HostKeyFingerprints = append(e.SSH.HostKeyFingerprints, v1alpha1.SSHFingerprint(f))
	}
	return e
}

func TestSSHAgainstSSHD(t *testing.T) {
	all, keys := servers.StartSSHD(t, "", servers.HostKeyRSA, servers.HostKeyECDSA, servers.HostKeyED25519)
	old, oldKeys := servers.StartSSHD(t, "", servers.HostKeyRSA, servers.HostKeyECDSA)
	rsa, rsaKeys := servers.StartSSHD(t, "", servers.HostKeyRSA)
	sha1, sha1Keys := servers.StartSSHD(t, "HostKeyAlgorithms ssh-rsa\n", servers.HostKeyRSA)
	hybrid, hybridKeys := servers.StartSSHD(t, "KexAlgorithms curve25519-sha256\nCiphers aes256-ctr\nMACs hmac-sha2-256\n", servers.HostKeyED25519)
	mismatch := failed(observe.StepExpectation, ReasonHostKeyMismatch)
	f := NewFactory(Options{})
	for _, c := range []struct {
		name    string
		e       *v1alpha1.Endpoint
		want    want
		message string
	}{
		{"identification", sshEndpoint(all), success, ""},
		{"key", sshEndpoint(all, keys[servers.HostKeyED25519]), success, ""},
		{"one of several keys", sshEndpoint(all, strangeFingerprint, keys[servers.HostKeyECDSA], keys[servers.HostKeyED25519], keys[servers.HostKeyED25519]), success, ""},
		{"another key", sshEndpoint(all, strangeFingerprint), mismatch, "but ssh-ed25519 " + keys[servers.HostKeyED25519] + "."},
		{"Ed25519 is preferred", sshEndpoint(all, keys[servers.HostKeyECDSA], keys[servers.HostKeyRSA]), mismatch, "but ssh-ed25519 "},
		{"ECDSA is preferred to RSA", sshEndpoint(old, oldKeys[servers.HostKeyECDSA]), success, ""},
		{"another ECDSA key", sshEndpoint(old, oldKeys[servers.HostKeyRSA]), mismatch, "but ecdsa-sha2-nistp256 " + oldKeys[servers.HostKeyECDSA] + "."},
		{"RSA", sshEndpoint(rsa, rsaKeys[servers.HostKeyRSA]), success, ""},
		{"another RSA key", sshEndpoint(rsa, strangeFingerprint), mismatch, "but ssh-rsa " + rsaKeys[servers.HostKeyRSA] + "."},
		{"RSA with SHA-1 only", sshEndpoint(sha1, sha1Keys[servers.HostKeyRSA]), failed(observe.StepHandshake, ReasonHandshakeFailed), "no algorithm in common with the operator for the host key."},
		{"another key exchange", sshEndpoint(hybrid, hybridKeys[servers.HostKeyED25519]), success, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := check(t, f, c.e, nil, c.want)
			if !strings.Contains(r.Message, c.message) {
				t.Errorf("message is %q, want %q in it", r.Message, c.message)
			}
			if r.Took[observe.StepConnect] <= 0 || r.Took[observe.StepRequest] <= 0 || (c.e.SSH != nil) != (r.Took[observe.StepHandshake] > 0) {
				t.Errorf("steps took %v", r.Took)
			}
		})
	}
}

func TestSSHSpecErrors(t *testing.T) {
	f := NewFactory(Options{})
	for name, c := range map[string]struct {
		fingerprints []string
		field        string
	}{
		"MD5":         {[]string{"MD5:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"}, "ssh.hostKeyFingerprints[0]"},
		"no prefix":   {[]string{strangeFingerprint, strings.TrimPrefix(strangeFingerprint, "SHA256:")}, "ssh.hostKeyFingerprints[1]"},
		"too short":   {[]string{strangeFingerprint[:49]}, "ssh.hostKeyFingerprints[0]"},
		"padded":      {[]string{strangeFingerprint + "="}, "ssh.hostKeyFingerprints[0]"},
		"never equal": {[]string{strangeFingerprint[:49] + "B"}, "ssh.hostKeyFingerprints[0]"},
		"not Base64":  {[]string{strangeFingerprint[:49] + "-"}, "ssh.hostKeyFingerprints[0]"},
		"line end":    {[]string{strangeFingerprint + "\n"}, "ssh.hostKeyFingerprints[0]"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.New(sshEndpoint("a", c.fingerprints...), nil)
			specError(t, err, c.field, SpecInvalid)
		})
	}
	e := endpointOf("ssh://a")
	e.SSH = &v1alpha1.SSHCheck{}
	_, err := f.New(e, nil)
	specError(t, err, "ssh.hostKeyFingerprints", SpecInvalid)
}

func TestSSHKey(t *testing.T) {
	f := NewFactory(Options{})
	other := strings.Replace(strangeFingerprint, "SHA256:A", "SHA256:B", 1)
	one := keyOf(t, f, sshEndpoint("a", strangeFingerprint), nil)
	both := keyOf(t, f, sshEndpoint("a", strangeFingerprint, other), nil)
	none := keyOf(t, f, sshEndpoint("a"), nil)
	if one == both || one == none || both == none || one == keyOf(t, f, sshEndpoint("a", other), nil) || none == keyOf(t, f, sshEndpoint("a:2222"), nil) {
		t.Error("two questions have the same key")
	}
	if both != keyOf(t, f, sshEndpoint("A:22", other, strangeFingerprint, other), nil) {
		t.Error("the order of the fingerprints makes another question")
	}
}
