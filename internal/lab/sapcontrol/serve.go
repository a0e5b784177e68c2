// SPDX-License-Identifier: Apache-2.0

package sapcontrol

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Namespaces of the protocol.
const (
	namespaceSOAP       = "http://schemas.xmlsoap.org/soap/envelope/"
	namespaceSAPControl = "urn:SAPControl"
)

// maxRequest bounds what is read of a request, in bytes.
const maxRequest = 64 << 10

// ServeHTTP implements http.Handler.
func (i *Instance) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && r.URL.RawQuery == "wsdl" {
		w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
		_, _ = io.WriteString(w, wsdl(r.Host)) // a client that is gone needs no answer
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "SAPControl is asked by POST; its description is at /?wsdl", http.StatusMethodNotAllowed)
		return
	}
	method, err := asked(http.MaxBytesReader(w, r.Body, maxRequest))
	if err != nil {
		i.send(w, http.StatusInternalServerError, i.fault(err.Error()), false)
		return
	}
	user, password, shown := r.BasicAuth()
	status, body, delay, truncated := i.answer(method, user, password, shown)
	if delay > 0 {
		timer := time.NewTimer(delay)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
			return
		}
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Basic realm="gSOAP Web Service"`)
	}
	i.send(w, status, body, truncated)
}

func (i *Instance) send(w http.ResponseWriter, status int, body string, truncated bool) {
	w.Header().Set("Content-Type", "text/xml; charset=UTF-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if truncated {
		body = body[:len(body)/2]
	}
	_, _ = io.WriteString(w, body) // a client that is gone needs no answer
}

// asked returns the method that a request calls.
func asked(body io.Reader) (string, error) {
	var envelope struct {
		XMLName xml.Name
		Body    struct {
			Calls []struct{ XMLName xml.Name } `xml:",any"`
		} `xml:"http://schemas.xmlsoap.org/soap/envelope/ Body"`
	}
	if err := xml.NewDecoder(body).Decode(&envelope); err != nil {
		return "", fmt.Errorf("no request: %w", err)
	}
	switch calls := envelope.Body.Calls; {
	case envelope.XMLName != xml.Name{Space: namespaceSOAP, Local: "Envelope"} || len(calls) != 1:
		return "", errors.New("no call in a SOAP 1.1 envelope")
	case calls[0].XMLName.Space != namespaceSAPControl:
		return "", notImplemented(calls[0].XMLName.Local)
	default:
		return calls[0].XMLName.Local, nil
	}
}

func notImplemented(method string) error {
	return fmt.Errorf("Method 'ns1:%s' not implemented: method name or namespace not recognized", method) //nolint:staticcheck,misspell // the service's own words
}

// answer returns what a call is answered with.
func (i *Instance) answer(method, user, password string, shown bool) (status int, body string, delay time.Duration, truncated bool) {
	s := i.system
	s.mu.Lock()
	defer s.mu.Unlock()
	i.calls[method]++
	status = http.StatusInternalServerError
	if shown {
		s.attempts++
	}
	wrong := shown && (user != s.user || password != s.pass)
	switch {
	case wrong:
		s.rejected++
		body = i.fault("Invalid Credentials")
	case slices.Contains(s.protected, method) && !shown:
		status, body = http.StatusUnauthorized, i.fault("HTTP Error: 'Unauthorized'")
	case slices.Contains(s.denied, method):
		body = i.fault("Permission denied")
	case i.faults[method] != "":
		body = i.fault(i.faults[method])
	default:
		if content, known := i.content(method); known {
			status, body = http.StatusOK, i.envelope(content)
		} else {
			body = i.fault(notImplemented(method).Error())
		}
	}
	return status, body, i.delay, i.truncated
}

// envelope puts something into a SOAP envelope.
func (i *Instance) envelope(content string) string {
	s := i.system
	return fmt.Sprintf(`<?xml version="1.0" encoding="UTF-8"?>
<%s:Envelope xmlns:%s="%s" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:%s="%s"><%s:Body>%s</%s:Body></%s:Envelope>
`, s.soap, s.soap, namespaceSOAP, s.own, namespaceSAPControl, s.soap, content, s.soap, s.soap)
}

func (i *Instance) fault(said string) string {
	soap := i.system.soap
	return i.envelope(fmt.Sprintf("<%s:Fault><faultcode>%s:Server</faultcode>%s</%s:Fault>", soap, soap, leaf("faultstring", said), soap))
}

// content returns the answer to a method; known is false if there is none. The
// caller holds the lock.
func (i *Instance) content(method string) (content string, known bool) {
	var list string
	switch {
	case method == GetInstanceProperties:
		list = array("properties", slices.Values(i.properties()))
	case method == GetProcessList:
		list = array("process", i.processItems())
	case method == GetSystemInstanceList:
		list = array("instance", i.system.instanceItems())
	case method == HACheckConfig && i.system.checks != nil:
		list = array("check", i.system.checkItems())
	default:
		return "", false
	}
	name := i.system.own + ":" + method + "Response"
	return "<" + name + ">" + list + "</" + name + ">", true
}

// leaf is an element that holds text.
func leaf(name, text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes all
	return "<" + name + ">" + b.String() + "</" + name + ">"
}
