// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// reservedHeaders are those that belong to the connection or to how the check
// reads the answer, so that an endpoint cannot set them.
var reservedHeaders = []string{
	"Accept-Encoding", "Connection", "Content-Length", "Expect", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization",
	"Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

const authorization = "Authorization"

// newAsk reads what an endpoint declares about HTTP. Errors are *SpecError or
// *SecretError.
func (f *Factory) newAsk(c *v1alpha1.HTTPCheck, secrets *secretReader, q *question) (*httpAsk, error) {
	a := &httpAsk{method: string(c.Method), follow: c.FollowRedirects, keep: c.KeepAlive}
	switch a.method {
	case "":
		a.method = http.MethodGet
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPost:
	default:
		return nil, invalid("http.method", "%q is none of GET, HEAD, OPTIONS, POST", a.method)
	}
	if a.method == http.MethodHead && (c.BodyPattern != "" || c.BodyExpression != "") {
		return nil, invalid("http.method", "a HEAD request has no body: bodyPattern and bodyExpression need another method")
	}
	var err error
	if a.statuses, err = statuses(c.ExpectedStatuses); err != nil {
		return nil, err
	}
	for _, i := range byName(c.Headers) {
		if err := a.addHeader(fmt.Sprintf("http.headers[%d]", i), &c.Headers[i], secrets, q); err != nil {
			return nil, err
		}
	}
	if err := a.addCredentials(c, secrets, q); err != nil {
		return nil, err
	}
	if c.BodyPattern != "" {
		if a.pattern, err = f.newPattern(c.BodyPattern); err != nil {
			return nil, err
		}
	}
	if c.BodyExpression != "" {
		if a.expression, err = f.newExpression(c.BodyExpression); err != nil {
			return nil, err
		}
	}
	q.add("body", c.BodyPattern, c.BodyExpression)
	return a, nil
}

// byName returns the indexes of headers in the order of their names: in which
// order they are declared makes no different question.
func byName(headers []v1alpha1.HTTPHeader) []int {
	order := make([]int, len(headers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int {
		return strings.Compare(strings.ToLower(headers[x].Name), strings.ToLower(headers[y].Name))
	})
	return order
}

// describe takes what is asked into the question, but for headers and body.
func (a *httpAsk) describe(q *question) {
	q.add("method", a.method)
	q.add("host", a.host)
	q.add("follow", strconv.FormatBool(a.follow))
	q.add("keepAlive", strconv.FormatBool(a.keep))
	for _, s := range a.statuses {
		q.add("status", s.String())
	}
}

// statuses returns the declared ranges in ascending order.
func statuses(declared []v1alpha1.HTTPStatusRange) ([]statusRange, error) {
	if len(declared) == 0 {
		return plainAsk.statuses, nil
	}
	var out []statusRange
	for i, d := range declared {
		from, to, isRange := strings.Cut(string(d), "-")
		if !isRange {
			to = from
		}
		s := statusRange{status(from), status(to)}
		if s.from == 0 || s.to == 0 || s.from > s.to {
			return nil, invalid(fmt.Sprintf("http.expectedStatuses[%d]", i), "%q is no status such as 401 or range such as 200-299", d)
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(x, y statusRange) int {
		if x.from != y.from {
			return x.from - y.from
		}
		return x.to - y.to
	})
	return slices.Compact(out), nil
}

func status(s string) int {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || len(s) != 3 || n < 100 || n > 599 {
		return 0
	}
	return int(n)
}

func (a *httpAsk) addHeader(field string, h *v1alpha1.HTTPHeader, secrets *secretReader, q *question) error {
	if !validHeaderName(h.Name) {
		return invalid(field+".name", "%q is no name of a header", h.Name)
	}
	name := textproto.CanonicalMIMEHeaderKey(h.Name)
	switch {
	case slices.Contains(reservedHeaders, name):
		return invalid(field+".name", "the check itself sets header %s", name)
	case a.has(name) || name == "Host" && a.host != "":
		return invalid(field+".name", "header %s is there twice", name)
	case (h.Value != "") == (h.SecretKeyRef != nil):
		return invalid(field, "a header has exactly one of value and secretKeyRef")
	case name == "Host" && h.SecretKeyRef != nil:
		return invalid(field+".secretKeyRef", "header Host is no secret: use value")
	}
	if ref := h.SecretKeyRef; ref != nil {
		s, err := secrets.get(ref.Name)
		if err != nil {
			return err
		}
		value, err := headerOf(s, ref.Name, ref.Key)
		if err != nil {
			return err
		}
		q.addSecret("header "+name+" "+ref.Key, s)
		a.secret = true
		a.headers = append(a.headers, headerField{name, value})
		return nil
	}
	if !validHeaderValue(h.Value) {
		return invalid(field+".value", "holds a character that an HTTP header cannot carry")
	}
	if name == "Host" {
		if u, err := url.Parse("http://" + h.Value); err != nil || u.Host != h.Value {
			return invalid(field+".value", "is no host, with or without a port")
		}
		a.host = h.Value
		return nil
	}
	q.add("header "+name, h.Value)
	a.headers = append(a.headers, headerField{name, h.Value})
	return nil
}

func (a *httpAsk) has(name string) bool {
	return slices.ContainsFunc(a.headers, func(f headerField) bool { return f.name == name })
}

func (a *httpAsk) addCredentials(c *v1alpha1.HTTPCheck, secrets *secretReader, q *question) error {
	var (
		name, field string
		value       func(s *corev1.Secret) (string, error)
	)
	switch basic, bearer := c.BasicAuthSecretRef, c.BearerTokenSecretRef; {
	case basic != nil && bearer != nil:
		return invalid("http.bearerTokenSecretRef", "http has at most one of basicAuthSecretRef and bearerTokenSecretRef")
	case basic != nil:
		name, field = basic.Name, "basicAuthSecretRef"
		value = func(s *corev1.Secret) (string, error) {
			v, err := basicAuth(s, name)
			return "Basic " + base64.StdEncoding.EncodeToString([]byte(v)), err
		}
	case bearer != nil:
		name, field = bearer.Name, "bearerTokenSecretRef"
		value = func(s *corev1.Secret) (string, error) {
			v, err := headerOf(s, name, KeyToken)
			return "Bearer " + v, err
		}
	default:
		return nil
	}
	if a.has(authorization) {
		return invalid("http."+field, "a header Authorization is declared as well: use one of them")
	}
	s, err := secrets.get(name)
	if err != nil {
		return err
	}
	v, err := value(s)
	if err != nil {
		return err
	}
	q.addSecret(field, s)
	a.secret = true
	a.headers = append(a.headers, headerField{authorization, v})
	return nil
}

// tryWriting writes the request to nowhere, so that what the writer would
// refuse in each check is refused once, here.
func (p *httpProbe) tryWriting() error {
	if err := p.request(hop{target: p.target, method: p.ask.method, own: true}, false).Write(io.Discard); err != nil {
		if p.ask.host != "" {
			return invalid("http.headers", "header Host cannot be used")
		}
		return invalid("url", "cannot be asked for over HTTP")
	}
	return nil
}

// validHeaderName: whether s is a token (RFC 9110, section 5.6.2).
func validHeaderName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != ""
}

// validHeaderValue: whether s is what a field value may hold (RFC 9110,
// section 5.5), without space around it.
func validHeaderValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return s == strings.Trim(s, " \t")
}
