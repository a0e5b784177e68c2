// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// TLS is what a declaration of TLS amounts to, for others who look at the
// world: whom to trust, and how to identify oneself.
type TLS struct {
	settings tlsSettings
	key      string
}

// NewTLS reads a declaration; nil declares nothing. Errors are *SpecError or
// *SecretError.
func (f *Factory) NewTLS(c *v1alpha1.TLSCheck, secrets Secrets) (*TLS, error) {
	q := &question{digest: sha256.New()}
	settings, err := f.newTLSSettings(c, &secretReader{secrets: secrets}, q)
	if err != nil {
		return nil, err
	}
	return &TLS{settings: settings, key: q.key()}, nil
}

// Key is a part of Probe.Key: it tells two declarations apart, and holds
// nothing of a Secret.
func (t *TLS) Key() string { return t.key }

// BasicAuth is a user and a password from a Secret, for others who look at the
// world.
type BasicAuth struct {
	version string
	// header is what "Authorization" carries.
	header string
	// forms in which a server may repeat the password.
	forms []string
}

// NewBasicAuth reads the Secret of that name. The error is a *SecretError.
func NewBasicAuth(name string, secrets Secrets) (*BasicAuth, error) {
	s, err := (&secretReader{secrets: secrets}).get(name)
	if err != nil {
		return nil, err
	}
	credentials, err := basicAuth(s, name)
	if err != nil {
		return nil, err
	}
	_, password, _ := strings.Cut(credentials, ":")
	encoded := base64.StdEncoding.EncodeToString([]byte(credentials))
	return &BasicAuth{
		version: string(s.UID) + "/" + s.ResourceVersion,
		header:  "Basic " + encoded,
		forms:   []string{encoded, password},
	}, nil
}

// Version is a part of Probe.Key: it says which state of which Secret is used.
func (b *BasicAuth) Version() string { return b.version }

// Set puts the credentials into the header of a request.
func (b *BasicAuth) Set(h http.Header) { h.Set("Authorization", b.header) }

// Repeated reports whether text that a server chose after it was sent the
// credentials holds them. Such text is not to be shown.
func (b *BasicAuth) Repeated(text string) bool {
	for _, form := range b.forms {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}
