// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Keys of the Secrets that endpoints refer to.
const (
	// KeyCA holds the certification authorities to trust, in PEM.
	KeyCA = "ca.crt"
	// KeyUsername and KeyPassword are those of basic authentication.
	KeyUsername = corev1.BasicAuthUsernameKey
	KeyPassword = corev1.BasicAuthPasswordKey
	// KeyToken holds the bearer token.
	KeyToken = "token"
	// KeyCertificate and KeyPrivateKey hold a client certificate with its
	// intermediates and its key, in PEM.
	KeyCertificate = corev1.TLSCertKey
	KeyPrivateKey  = corev1.TLSPrivateKeyKey
)

// secretReader looks at Secrets that may be used. All its errors are
// *SecretError.
type secretReader struct {
	secrets Secrets
}

func (r *secretReader) get(name string) (*corev1.Secret, error) {
	if r.secrets == nil {
		return nil, &SecretError{Name: name, Reason: SecretNotFound}
	}
	s, err := r.secrets(name)
	switch {
	case apierrors.IsNotFound(err), err == nil && s == nil:
		return nil, &SecretError{Name: name, Reason: SecretNotFound, Err: err}
	case err != nil:
		return nil, &SecretError{Name: name, Reason: SecretUnreadable, Err: err}
	case s.Labels[v1alpha1.LabelProbe] != "true":
		return nil, &SecretError{Name: name, Reason: SecretNotLabelled}
	}
	return s, nil
}

func bytesOf(s *corev1.Secret, name, key string) ([]byte, error) {
	v := s.Data[key]
	if len(v) == 0 {
		return nil, &SecretError{Name: name, Key: key, Reason: SecretKeyMissing}
	}
	return v, nil
}

// textOf returns a value that goes into a header of a request. Line ends at
// its end are dropped: they come from the editor or the echo that made the
// file, and no header could carry them.
func textOf(s *corev1.Secret, name, key string) (string, error) {
	v, err := bytesOf(s, name, key)
	if err != nil {
		return "", err
	}
	v = bytes.TrimRight(v, "\r\n")
	if len(v) == 0 {
		return "", &SecretError{Name: name, Key: key, Reason: SecretKeyMissing}
	}
	return string(v), nil
}

// headerOf is textOf for a value that makes a header as it is.
func headerOf(s *corev1.Secret, name, key string) (string, error) {
	v, err := textOf(s, name, key)
	if err != nil {
		return "", err
	}
	if !validHeaderValue(v) {
		return "", unusable(name, key, "it holds a character that an HTTP header cannot carry")
	}
	return v, nil
}

func unusable(name, key, detail string) *SecretError {
	return &SecretError{Name: name, Key: key, Reason: SecretUnusable, Detail: detail}
}

// basicAuth returns what "Authorization: Basic" carries (RFC 7617), not yet
// encoded.
func basicAuth(s *corev1.Secret, name string) (string, error) {
	user, err := textOf(s, name, KeyUsername)
	if err != nil {
		return "", err
	}
	if strings.Contains(user, ":") {
		return "", unusable(name, KeyUsername, "a user name of basic authentication cannot hold a colon")
	}
	password, err := textOf(s, name, KeyPassword)
	if err != nil {
		return "", err
	}
	return user + ":" + password, nil
}

// authorities returns the certificates of key ca.crt. Each block has to be a
// certificate: one that is silently left out would be missed much later.
func authorities(data []byte, name string) (*x509.CertPool, error) {
	pool, found := x509.NewCertPool(), false
	for rest := data; ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, unusable(name, KeyCA, "it holds something that is no certificate")
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, unusable(name, KeyCA, "a certificate in it cannot be parsed")
		}
		pool.AddCert(c)
		found = true
	}
	if !found {
		return nil, unusable(name, KeyCA, "it holds no certificate in PEM")
	}
	return pool, nil
}

func clientCertificate(s *corev1.Secret, name string) (*tls.Certificate, error) {
	crt, err := bytesOf(s, name, KeyCertificate)
	if err != nil {
		return nil, err
	}
	key, err := bytesOf(s, name, KeyPrivateKey)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(crt, key)
	if err != nil {
		return nil, unusable(name, KeyCertificate, "certificate and private key cannot be parsed, or do not belong together")
	}
	return &pair, nil
}
