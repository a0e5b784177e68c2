// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority is a certification authority: a root, or an intermediate that a
// root or another intermediate vouches for.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	// chain from this authority up to, but without, the root.
	chain [][]byte
}

// Certificate says what to put into a certificate. The zero value is a
// server's, for 127.0.0.1 and localhost, valid from an hour ago for a day.
type Certificate struct {
	// Name is the common name; empty means "test".
	Name string
	// Hosts are names and addresses; nil means 127.0.0.1 and localhost.
	Hosts []string
	// NotBefore and NotAfter bound the validity.
	NotBefore, NotAfter time.Time
	// Client: for clients instead of servers.
	Client bool
}

func (c Certificate) template(tb testing.TB) *x509.Certificate {
	tb.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		tb.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: c.Name}, NotBefore: c.NotBefore, NotAfter: c.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
	}
	if c.Name == "" {
		t.Subject.CommonName = "test"
	}
	if c.Client {
		t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if t.NotBefore.IsZero() {
		t.NotBefore = time.Now().Add(-time.Hour)
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = time.Now().Add(24 * time.Hour)
	}
	hosts := c.Hosts
	if hosts == nil {
		hosts = []string{"127.0.0.1", "localhost"}
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	return t
}

// NewAuthority makes a root.
func NewAuthority(tb testing.TB, name string) *Authority {
	tb.Helper()
	t := authorityTemplate(tb, name, time.Time{})
	key := newKey(tb)
	return &Authority{certificate: sign(tb, t, t, key, key), key: key}
}

// Intermediate makes an authority that a vouches for until notAfter; zero means
// for a day.
func (a *Authority) Intermediate(tb testing.TB, name string, notAfter time.Time) *Authority {
	tb.Helper()
	key := newKey(tb)
	c := sign(tb, authorityTemplate(tb, name, notAfter), a.certificate, key, a.key)
	return &Authority{certificate: c, key: key, chain: append([][]byte{c.Raw}, a.chain...)}
}

// Issue makes a certificate, with the intermediates that lead to the root.
func (a *Authority) Issue(tb testing.TB, c Certificate) tls.Certificate {
	tb.Helper()
	key := newKey(tb)
	leaf := sign(tb, c.template(tb), a.certificate, key, a.key)
	return tls.Certificate{Certificate: append([][]byte{leaf.Raw}, a.chain...), PrivateKey: key, Leaf: leaf}
}

// PEM returns the authority's own certificate.
func (a *Authority) PEM() []byte { return certificatePEM(a.certificate.Raw) }

// Pool returns the authority as somebody to trust.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// SelfSigned makes a certificate that nobody vouches for.
func SelfSigned(tb testing.TB, c Certificate) tls.Certificate {
	tb.Helper()
	t := c.template(tb)
	key := newKey(tb)
	leaf := sign(tb, t, t, key, key)
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

// PEM returns a certificate with its chain, and its key, as files hold them.
func PEM(tb testing.TB, c tls.Certificate) (crt, key []byte) {
	tb.Helper()
	for _, raw := range c.Certificate {
		crt = append(crt, certificatePEM(raw)...)
	}
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	return crt, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// WriteFiles writes name.crt and name.key to dir and returns their paths.
func WriteFiles(tb testing.TB, c tls.Certificate, dir, name string) (crt, key string) {
	tb.Helper()
	crtPEM, keyPEM := PEM(tb, c)
	crt, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	for path, data := range map[string][]byte{crt: crtPEM, key: keyPEM} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	return crt, key
}

func certificatePEM(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})
}

func authorityTemplate(tb testing.TB, name string, notAfter time.Time) *x509.Certificate {
	tb.Helper()
	t := Certificate{Name: name, Hosts: []string{}, NotAfter: notAfter}.template(tb)
	t.NotBefore = time.Now().Add(-48 * time.Hour)
	t.IsCA, t.KeyUsage, t.ExtKeyUsage = true, x509.KeyUsageCertSign, nil
	return t
}

func newKey(tb testing.TB) *ecdsa.PrivateKey {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return key
}

func sign(tb testing.TB, template, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
	tb.Helper()
	raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		tb.Fatal(err)
	}
	c, err := x509.ParseCertificate(raw)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}
