// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

// sshProbe asks whether a server speaks SSH and, if keys are expected, whether
// it proves to have one of them. Nobody logs in.
type sshProbe struct {
	common
	// fingerprints of the host keys that are expected, sorted; none means that
	// any server will do.
	fingerprints []string
}

func (f *Factory) newSSH(base common, e *v1alpha1.Endpoint, q *question) (observe.Probe, error) {
	p := &sshProbe{common: base}
	if e.SSH != nil {
		var err error
		if p.fingerprints, err = fingerprints(e.SSH.HostKeyFingerprints); err != nil {
			return nil, err
		}
	}
	q.add("hostKeys", p.fingerprints...)
	p.key = q.key()
	return p, nil
}

// fingerprints reads the declared ones. The error is a *SpecError.
func fingerprints(declared []v1alpha1.SSHFingerprint) ([]string, error) {
	const field = "ssh.hostKeyFingerprints"
	if len(declared) == 0 {
		return nil, invalid(field, "names no key that would be expected")
	}
	out := make([]string, 0, len(declared))
	for i, d := range declared {
		digest, found := strings.CutPrefix(string(d), "SHA256:")
		// Strict: what is not written as OpenSSH does would never be equal. The
		// decoder skips line ends.
		raw, err := base64.RawStdEncoding.Strict().DecodeString(digest)
		if !found || err != nil || len(raw) != 32 || len(digest) != 43 {
			return nil, invalid(fmt.Sprintf("%s[%d]", field, i), "%q is no fingerprint as ssh-keygen -l prints it: SHA256: and 43 characters", d)
		}
		out = append(out, string(d))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Run implements observe.Probe.
func (p *sshProbe) Run(ctx context.Context) observe.Result {
	r := p.begin(ctx)
	return r.finish(p.ask(r), p.maxLatency)
}

func (p *sshProbe) ask(r *run) *fault {
	conn, f := r.connect(&p.target)
	if f != nil {
		return f
	}
	defer r.guard(conn)()
	r.enter(observe.StepRequest)
	wire := &sshWire{Conn: conn, in: bufio.NewReaderSize(conn, 4<<10)}
	if f := r.identifySSH(wire); f != nil {
		return f
	}
	if len(p.fingerprints) == 0 {
		return nil
	}
	r.enter(observe.StepHandshake)
	key, f := r.hostKey(wire)
	if f != nil {
		return f
	}
	r.enter(observe.StepExpectation)
	presented := ssh.FingerprintSHA256(key)
	if _, found := slices.BinarySearch(p.fingerprints, presented); !found {
		// The server proved that it has the key, so both are what they seem.
		return targetFault(ReasonHostKeyMismatch, "The server's host key is none of those expected, but "+key.Type()+" "+presented+".")
	}
	return nil
}
