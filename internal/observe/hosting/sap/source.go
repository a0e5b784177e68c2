// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// Options of a Source.
type Options struct {
	// Factory that connects, and reads what is declared of TLS. Required.
	Factory *endpoint.Factory
	// Clock tells how long rejected credentials rest; nil means the system's.
	Clock clock.PassiveClock
	// UserAgent of the requests; empty means endpoint.DefaultUserAgent.
	UserAgent string
}

// Source makes probes that ask SAPControl, and keeps what they learn: which
// credentials were rejected, and which methods there are. It is safe for
// concurrent use.
type Source struct {
	factory   *endpoint.Factory
	clock     clock.PassiveClock
	userAgent string
	accounts  kept[account]
	memories  kept[memory]
}

// NewSource returns a Source.
func NewSource(o Options) *Source {
	s := &Source{factory: o.Factory, clock: o.Clock, userAgent: o.UserAgent}
	if s.clock == nil {
		s.clock = clock.RealClock{}
	}
	if s.userAgent == "" {
		s.userAgent = endpoint.DefaultUserAgent
	}
	return s
}

// SecretNames returns the names of the Secrets that h refers to, each once.
func SecretNames(h *v1alpha1.SAPHosting) []string {
	var names []string
	add := func(ref *v1alpha1.SecretReference) {
		if ref != nil && !slices.Contains(names, ref.Name) {
			names = append(names, ref.Name)
		}
	}
	add(h.CredentialsSecretRef)
	if h.TLS != nil {
		add(h.TLS.CASecretRef)
		add(h.TLS.ClientCertificateSecretRef)
	}
	return names
}

// InstanceName is how an instance is called: "P01/00 on sapapp1". It has at most
// 253 bytes.
func InstanceName(h *v1alpha1.SAPHosting, i *v1alpha1.SAPInstance) string {
	const most = 253
	return endpoint.Printable(h.SystemID+"/"+i.Number+" on "+i.Host, most)
}

// instanceName is an InstanceName that leaves room in a message.
func instanceName(systemID, number, host string) string {
	return name(systemID) + "/" + name(number) + " on " + name(host)
}

// New returns the probe of an instance of h, to be answered within timeout. The
// error is a *endpoint.SpecError, whose Field is below h or the instance, or a
// *endpoint.SecretError.
func (s *Source) New(
	h *v1alpha1.SAPHosting, i *v1alpha1.SAPInstance, secrets endpoint.Secrets, timeout time.Duration,
) (observe.Probe, error) {
	u, err := address(h, i)
	if err != nil {
		return nil, err
	}
	if timeout <= 0 {
		return nil, &endpoint.SpecError{Field: "timeout", Reason: endpoint.SpecInvalid, Detail: "must be longer than 0s"}
	}
	p := &probe{
		source: s, name: instanceName(h.SystemID, i.Number, i.Host),
		url: u.String(), target: "sapcontrol " + u.Host, timeout: timeout,
	}
	var tlsKey, version string
	if u.Scheme == "https" {
		if p.tls, err = s.factory.NewTLS(h.TLS, secrets); err != nil {
			return nil, err
		}
		tlsKey = p.tls.Key()
	}
	if ref := h.CredentialsSecretRef; ref != nil {
		if p.auth, err = endpoint.NewBasicAuth(ref.Name, secrets); err != nil {
			return nil, err
		}
		version = p.auth.Version()
		p.account = digest("account", version, h.SystemID)
	}
	p.key = digest("sapcontrol", p.url, InstanceName(h, i), timeout.String(), version, tlsKey)
	return p, nil
}

func digest(parts ...string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", parts))
	return base64.RawURLEncoding.EncodeToString(sum[:24])
}

// address returns the URL of an instance's SAPControl, with a port.
func address(h *v1alpha1.SAPHosting, i *v1alpha1.SAPInstance) (*url.URL, error) {
	if i.URL == "" {
		return standard(h, i)
	}
	refuse := func(detail string) (*url.URL, error) {
		return nil, &endpoint.SpecError{Field: "url", Reason: endpoint.SpecInvalid, Detail: detail}
	}
	u, err := url.Parse(string(i.URL))
	switch {
	case err != nil:
		// The parser's error quotes the URL, which may hold a password.
		return refuse("is no URL such as https://sapapp1:50014/")
	case u.Scheme != "http" && u.Scheme != "https":
		return refuse("must be an http or https URL")
	case u.Hostname() == "":
		return refuse("needs a host")
	case u.User != nil:
		return refuse("must not hold a user or password")
	case u.Fragment != "":
		return refuse("must not hold a fragment")
	case u.Scheme == "http" && h.TLS != nil:
		return refuse("is an http URL, but tls is declared: it has to be https")
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	u.Host = net.JoinHostPort(strings.ToLower(u.Hostname()), port)
	if u.Path == "" {
		u.Path = "/"
	}
	return u, nil
}

// standard returns where SAPControl is unless somebody moved it.
func standard(h *v1alpha1.SAPHosting, i *v1alpha1.SAPInstance) (*url.URL, error) {
	if len(i.Number) != 2 || strings.Trim(i.Number, "0123456789") != "" {
		return nil, &endpoint.SpecError{Field: "number", Reason: endpoint.SpecInvalid, Detail: "must be a number of two digits, 00 to 97"}
	}
	u := &url.URL{Scheme: "http", Path: "/"}
	suffix := "13"
	if h.TLS != nil {
		u.Scheme, suffix = "https", "14"
	}
	u.Host = net.JoinHostPort(strings.ToLower(i.Host), "5"+i.Number+suffix)
	return u, nil
}
