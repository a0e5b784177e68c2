// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// chainExpiry returns when what the server presented ends: the earliest end of
// the leaf and the intermediates (a root is the verifier's own and is not
// presented to be believed). If several chains verify, the one that lasts
// longest counts, since one is enough. Without a verified chain it follows the
// presented certificates from the leaf upwards; extra ones that the leaf does
// not need are left out.
func chainExpiry(verified [][]*x509.Certificate, presented []*x509.Certificate) time.Time {
	if len(verified) == 0 {
		return earliest(presentedChain(presented))
	}
	var last time.Time
	for _, chain := range verified {
		if len(chain) > 1 {
			chain = chain[:len(chain)-1]
		}
		if at := earliest(chain); at.After(last) {
			last = at
		}
	}
	return last
}

func earliest(chain []*x509.Certificate) time.Time {
	var at time.Time
	for i, c := range chain {
		if i == 0 || c.NotAfter.Before(at) {
			at = c.NotAfter
		}
	}
	return at
}

// presentedChain returns the leaf and those of the presented certificates that
// lead upwards from it by name, without a root.
func presentedChain(presented []*x509.Certificate) []*x509.Certificate {
	if len(presented) == 0 {
		return nil
	}
	chain := presented[:1:1]
	rest := presented[1:]
	for len(chain) <= len(rest) {
		next := issuerOf(chain[len(chain)-1], rest)
		if next == nil || isSelfIssued(next) {
			break
		}
		chain = append(chain, next)
	}
	return chain
}

func issuerOf(c *x509.Certificate, among []*x509.Certificate) *x509.Certificate {
	if isSelfIssued(c) {
		return nil
	}
	for _, candidate := range among {
		if bytes.Equal(candidate.RawSubject, c.RawIssuer) {
			return candidate
		}
	}
	return nil
}

func isSelfIssued(c *x509.Certificate) bool { return bytes.Equal(c.RawSubject, c.RawIssuer) }

// handshakeFault says why a handshake failed, and takes in when the
// certificate that was presented ends.
func (r *run) handshakeFault(err error, name string, conn *secured) *fault {
	if f := r.refusal(err, conn); f != nil {
		return f
	}
	if verification, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		r.expires(chainExpiry(nil, verification.UnverifiedCertificates))
		return r.certificateFault(verification, name)
	}
	if f := r.talkFault(err, ReasonHandshakeTimeout, "finish the handshake"); f != nil {
		return f
	}
	if record, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		if name := spoken(string(record.RecordHeader[:])); name != "" {
			return targetFault(ReasonProtocolError, r.address+" answered in plain "+name+" where TLS was asked for.")
		}
		return targetFault(ReasonProtocolError, r.address+" answered with something that is not TLS.")
	}
	return targetFault(ReasonHandshakeFailed, "The TLS handshake failed"+r.because(strings.TrimPrefix(err.Error(), "tls: "))+".")
}

func (r *run) certificateFault(v *tls.CertificateVerificationError, name string) *fault {
	var (
		invalidity x509.CertificateInvalidError
		hostname   x509.HostnameError
		unknown    x509.UnknownAuthorityError
		roots      x509.SystemRootsError
	)
	switch {
	case errors.As(v.Err, &invalidity) && invalidity.Reason == x509.Expired:
		return r.validityFault(invalidity.Cert, v.UnverifiedCertificates)
	case errors.As(v.Err, &hostname):
		return targetFault(ReasonCertificateHostMismatch, r.mismatch(hostname.Certificate, name))
	case errors.As(v.Err, &unknown) && isSelfSigned(v.UnverifiedCertificates):
		return targetFault(ReasonCertificateSelfSigned, "The certificate is signed by itself and not trusted.")
	case errors.As(v.Err, &unknown):
		return targetFault(ReasonCertificateUnknownAuthority,
			"No trusted certification authority vouches for the certificate"+r.issuer(v.UnverifiedCertificates)+".")
	case errors.As(v.Err, &roots):
		return localFault(ReasonLocalResources, "The operator has no certification authorities to trust.")
	}
	return targetFault(ReasonCertificateInvalid, "The certificate is invalid"+r.because(strings.TrimPrefix(v.Err.Error(), "x509: "))+".")
}

func isSelfSigned(presented []*x509.Certificate) bool {
	if len(presented) == 0 || !isSelfIssued(presented[0]) {
		return false
	}
	leaf := presented[0]
	return leaf.CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate, leaf.Signature) == nil
}

func (r *run) validityFault(c *x509.Certificate, presented []*x509.Certificate) *fault {
	which := "The certificate"
	if len(presented) > 0 && !c.Equal(presented[0]) {
		which = "An intermediate certificate"
	}
	if r.factory.clock.Now().Before(c.NotBefore) {
		return targetFault(ReasonCertificateNotYetValid, fmt.Sprintf("%s is not valid before %s.", which, moment(c.NotBefore)))
	}
	return targetFault(ReasonCertificateExpired, fmt.Sprintf("%s expired at %s.", which, moment(c.NotAfter)))
}

func moment(t time.Time) string { return t.UTC().Format(time.RFC3339) }

func (r *run) mismatch(c *x509.Certificate, name string) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "The certificate names no host, so it is not valid for the one that was asked."
	}
	const room = maxDetail / 2
	if r.hop > 0 {
		return "The certificate is valid for other names."
	}
	return "The certificate is valid for " + printable(strings.Join(names, ", "), room) + ", not for " + printable(name, room) + "."
}

func (r *run) issuer(presented []*x509.Certificate) string {
	if r.hop > 0 || len(presented) == 0 || presented[0].Issuer.CommonName == "" {
		return ""
	}
	return ", which " + printable(presented[0].Issuer.CommonName, maxDetail) + " issued"
}
