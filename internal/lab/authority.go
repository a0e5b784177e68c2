// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"time"
)

const (
	// lifetime of certificates: longer than any renewBefore of the catalogue.
	lifetime = 365 * 24 * time.Hour
	// expiredFor is how long ago an expired certificate expired.
	expiredFor = 24 * time.Hour
)

// authority is the lab's own certification authority. It lives as long as the
// lab does, and its key never leaves the process.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
	now  time.Time
}

func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("the key of the lab's authority: %w", err)
	}
	a := &authority{key: key, now: now}
	t, err := template("KDZ lab authority", now.Add(-lifetime), now.Add(lifetime))
	if err != nil {
		return nil, err
	}
	t.IsCA, t.BasicConstraintsValid = true, true
	t.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("the certificate of the lab's authority: %w", err)
	}
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("the certificate of the lab's authority: %w", err)
	}
	a.pem = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return a, nil
}

// issue makes a server certificate for a name, or for 127.0.0.1 if that is
// empty.
func (a *authority) issue(serverName string, expired bool) (*tls.Certificate, error) {
	from, to := a.now.Add(-time.Hour), a.now.Add(lifetime-time.Hour)
	if expired {
		from, to = a.now.Add(-90*24*time.Hour), a.now.Add(-expiredFor)
	}
	t, err := template("KDZ lab", from, to)
	if err != nil {
		return nil, err
	}
	t.KeyUsage = x509.KeyUsageDigitalSignature
	t.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if serverName == "" {
		t.IPAddresses = []net.IP{loopback.AsSlice()}
	} else {
		t.DNSNames = []string{serverName}
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("the key for %q: %w", serverName, err)
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("the certificate for %q: %w", serverName, err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

func template(name string, from, to time.Time) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("a serial number: %w", err)
	}
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    from,
		NotAfter:     to,
	}, nil
}
