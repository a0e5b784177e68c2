// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/lab/sapcontrol"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

func contextEnded(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

// refuses answers 401 to whoever shows credentials, and counts.
func refuses(next http.Handler, shown *int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := r.BasicAuth(); ok {
			*shown++
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	}
}

// TestFacts: what the reference service tells arrives, whatever its prefixes.
func TestFacts(t *testing.T) {
	for _, prefixes := range [][2]string{{"", ""}, {"soap", "ns1"}, {"x", "y"}} {
		w := newWorld(t)
		s := sapcontrol.New(sapcontrol.Options{
			SystemID: "P01", SOAPPrefix: prefixes[0], Prefix: prefixes[1],
			Instances: []sapcontrol.InstanceOptions{{Host: "sapapp1", Number: "00", Features: []string{"ABAP", "ICMAN"}, Processes: []sapcontrol.Process{
				{Name: "disp+work", Description: "Dispatcher", Status: sapcontrol.Green, Text: "Running & <well>"},
				{Name: "gwrd", Description: "Gateway", Status: sapcontrol.Gray},
			}}},
		})
		s.SetChecks([]sapcontrol.Check{{State: "WARNING", Category: "HA-STATE", Description: "Failover", Comment: "untested"}})
		h := serve(t, s, 1)
		r := w.probe(h, 0).Run(t.Context())
		facts, ok := r.Facts.(*Facts)
		if !ok {
			t.Fatalf("%+v", r)
		}
		if facts.Processes[0].StartedLocal.IsZero() {
			t.Error("it did not say when it began")
		}
		facts.Processes[0].StartedLocal, facts.Processes[0].Elapsed = time.Time{}, 0
		if want := (&Facts{
			SystemID: "P01", Host: "sapapp1",
			Processes: []Process{
				{Name: "disp+work", Description: "Dispatcher", Status: Green, Text: "Running & <well>"},
				{Name: "gwrd", Description: "Gateway", Status: Gray, Text: "Stopped"},
			},
			Instances: []Instance{{Host: "sapapp1", Number: "00", Features: []string{"ABAP", "ICMAN"}, Status: Yellow}},
			Checks:    []Check{{Outcome: Warning, Category: "SAPControl-HA-STATE", Description: "Failover", Comment: "untested"}},
		}); !reflect.DeepEqual(facts, want) {
			t.Errorf("facts %+v, want %+v", facts, want)
		}
		if r.Address != strings.TrimPrefix(string(h.Instances[0].URL), "http://") || r.Latency < 0 {
			t.Errorf("result %+v", r)
		}
	}
}

// TestNotOffered: a method that the service does not know is asked for once.
func TestNotOffered(t *testing.T) {
	w, s := newWorld(t), system(1)
	h := serve(t, s, 1)
	for range 3 {
		want(t, w.ask(h, 0), success, "")
	}
	if n := s.Instance(0).Calls(sapcontrol.HACheckConfig); n != 1 {
		t.Errorf("HACheckConfig was called %d times", n)
	}
}

// TestAcceptance: the colours of the processes become states, and the message
// names instance and process.
func TestAcceptance(t *testing.T) {
	w, s := newWorld(t), system(2)
	h := login(serve(t, s, 2))
	// As in the catalogue: by address, under one host.
	h.Instances[0].Host, h.Instances[1].Host = "127.0.0.1", "127.0.0.1"
	s.Protect(sapcontrol.GetProcessList)
	w.credentials("1", user, password)
	want(t, w.ask(h, 0), success, "")
	want(t, w.ask(h, 1), success, "")

	set := func(status sapcontrol.Status) {
		t.Helper()
		if err := s.Instance(1).SetProcess("disp+work", status, ""); err != nil {
			t.Fatal(err)
		}
	}
	set(sapcontrol.Yellow)
	r := w.ask(h, 1)
	want(t, r, success, v1alpha1.ReasonProcessDegraded)
	if !r.Degraded || r.Message != "P01/01 on 127.0.0.1: process disp+work (Dispatcher) is YELLOW: Starting" {
		t.Errorf("result %+v", r)
	}
	set(sapcontrol.Red)
	r = w.ask(h, 1)
	want(t, r, failure, v1alpha1.ReasonProcessDown)
	if r.Class != observe.ClassTarget || r.Step != observe.StepExpectation ||
		r.Message != "P01/01 on 127.0.0.1: process disp+work (Dispatcher) is RED: Stopped" {
		t.Errorf("result %+v", r)
	}
	want := hosting.System{Total: 4, Components: []hosting.Component{{Name: "disp+work", State: v1alpha1.ComponentDown, Message: "RED: Stopped"}}}
	if !reflect.DeepEqual(r.Facts, want) {
		t.Errorf("facts %+v, want %+v", r.Facts, want)
	}
}

// TestInconclusive: what keeps SAPControl from answering is no failure.
func TestInconclusive(t *testing.T) {
	w, s := newWorld(t), system(1)
	h := serve(t, s, 1)
	closed := *h
	closed.Instances = []v1alpha1.SAPInstance{{Host: "127.0.0.1", Number: "00", URL: "http://127.0.0.1:1/"}}
	r := w.ask(&closed, 0)
	want(t, r, inconclusive, endpoint.ReasonConnectionRefused)
	if r.Step != observe.StepConnect || !strings.HasPrefix(r.Message, "P01/00 on 127.0.0.1: 127.0.0.1:1 refused") {
		t.Errorf("result %+v", r)
	}
	s.Instance(0).SetDelay(time.Minute)
	r = w.read(h, 0, w.probeWithin(h, 0, 50*time.Millisecond).Run(t.Context()))
	want(t, r, inconclusive, endpoint.ReasonResponseTimeout)
	ctx, cancel := contextEnded(t)
	defer cancel()
	r = w.read(h, 0, w.probe(h, 0).Run(ctx))
	want(t, r, inconclusive, endpoint.ReasonCancelled)
	s.Instance(0).SetDelay(0)

	for _, m := range []string{sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList} {
		s.Instance(0).SetFault(m, "Internal error")
	}
	r = w.ask(h, 0)
	want(t, r, inconclusive, ReasonFault)
	if r.Message != "P01/00 on sapapp1: it answered with the fault “Internal error”" {
		t.Errorf("message %q", r.Message)
	}
}

// TestOneHangs: a method that hangs leaves time for the next.
func TestOneHangs(t *testing.T) {
	w, s := newWorld(t), system(1)
	h := serve(t, s, 1)
	h.Instances[0].URL = v1alpha1.HTTPURL(listen(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var body strings.Builder
		if err := r.Write(&body); err != nil {
			t.Error(err)
		}
		if strings.Contains(body.String(), sapcontrol.GetProcessList) {
			<-r.Context().Done()
			return
		}
		_, content, _ := strings.Cut(body.String(), "\r\n\r\n")
		r.Body = http.MaxBytesReader(rw, readCloser{strings.NewReader(content)}, 1<<16)
		s.Instance(0).ServeHTTP(rw, r)
	})))
	r := w.read(h, 0, w.probeWithin(h, 0, 3*time.Second).Run(t.Context()))
	want(t, r, success, "")
	if r.Facts.(hosting.System).Components[0].Name != sapcontrol.GetProcessList { //nolint:forcetypeassert // it panics in a test
		t.Errorf("facts %+v", r.Facts)
	}
}

type readCloser struct{ *strings.Reader }

func (readCloser) Close() error { return nil }

// TestKey: what makes another question, and what does not.
func TestKey(t *testing.T) {
	w, s := newWorld(t), system(1)
	base := func() *v1alpha1.SAPHosting {
		h := login(serve(t, s, 1))
		h.Instances[0].URL = "https://sapapp1:50014"
		return h
	}
	w.credentials("1", user, password)
	key := func(h *v1alpha1.SAPHosting) string { return w.probe(h, 0).Key() }
	seen := map[string]string{key(base()): "base"}
	same := base()
	same.Instances[0].URL, same.Instances[0].Features = "https://SAPAPP1:50014/", []string{"ABAP"}
	if seen[key(same)] == "" {
		t.Error("the same question has another key")
	}
	for name, change := range map[string]func(*v1alpha1.SAPHosting){
		"path":           func(h *v1alpha1.SAPHosting) { h.Instances[0].URL += "/sap" },
		"port":           func(h *v1alpha1.SAPHosting) { h.Instances[0].URL = "https://sapapp1:50114" },
		"system":         func(h *v1alpha1.SAPHosting) { h.SystemID = "Q01" },
		"no credentials": func(h *v1alpha1.SAPHosting) { h.CredentialsSecretRef = nil },
		"tls":            func(h *v1alpha1.SAPHosting) { h.TLS = &v1alpha1.TLSCheck{InsecureSkipVerify: true} },
	} {
		h := base()
		change(h)
		k := key(h)
		if seen[k] != "" {
			t.Errorf("%s asks the same as %s", name, seen[k])
		}
		seen[k] = name
	}
	if k := w.probeWithin(base(), 0, time.Second).Key(); seen[k] != "" {
		t.Errorf("another timeout asks the same as %s", seen[k])
	}
	w.credentials("2", user, password)
	if k := key(base()); seen[k] != "" || strings.Contains(k, password) {
		t.Errorf("another Secret asks the same as %s", seen[k])
	}
}

// TestAddress: where SAPControl is asked.
func TestAddress(t *testing.T) {
	for _, c := range []struct {
		host, number string
		url          v1alpha1.HTTPURL
		tls          bool
		want, target string
	}{
		{"SapApp1", "00", "", false, "http://sapapp1:50013/", "sapcontrol sapapp1:50013"},
		{"sapapp1", "42", "", true, "https://sapapp1:54214/", "sapcontrol sapapp1:54214"},
		{"2001:db8::7", "01", "", false, "http://[2001:db8::7]:50113/", "sapcontrol [2001:db8::7]:50113"},
		{"sapapp1", "00", "https://proxy/sap?x=1", true, "https://proxy:443/sap?x=1", "sapcontrol proxy:443"},
		{"sapapp1", "00", "http://127.0.0.1:50013", false, "http://127.0.0.1:50013/", "sapcontrol 127.0.0.1:50013"},
	} {
		h := &v1alpha1.SAPHosting{SystemID: "P01", Instances: []v1alpha1.SAPInstance{{Host: c.host, Number: c.number, URL: c.url}}}
		if c.tls {
			h.TLS = &v1alpha1.TLSCheck{}
		}
		p := newWorld(t).probe(h, 0).(*probe) //nolint:forcetypeassert // it panics in a test
		if p.url != c.want || p.Target() != c.target {
			t.Errorf("%+v: %s, %s", c, p.url, p.Target())
		}
	}
}

// TestSpecErrors: what cannot be asked is refused, with the field.
func TestSpecErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*v1alpha1.SAPHosting)
		field  string
	}{
		"no url":       {func(h *v1alpha1.SAPHosting) { h.Instances[0].URL = "http://[" }, "url"},
		"scheme":       {func(h *v1alpha1.SAPHosting) { h.Instances[0].URL = "ftp://sapapp1" }, "url"},
		"no host":      {func(h *v1alpha1.SAPHosting) { h.Instances[0].URL = "http:///x" }, "url"},
		"user":         {func(h *v1alpha1.SAPHosting) { h.Instances[0].URL = "http://a:b@sapapp1" }, "url"},
		"fragment":     {func(h *v1alpha1.SAPHosting) { h.Instances[0].URL = "http://sapapp1/#a" }, "url"},
		"http and tls": {func(h *v1alpha1.SAPHosting) { h.Instances[0].URL, h.TLS = "http://sapapp1", &v1alpha1.TLSCheck{} }, "url"},
		"number":       {func(h *v1alpha1.SAPHosting) { h.Instances[0].Number = "0x" }, "number"},
	} {
		h := &v1alpha1.SAPHosting{SystemID: "P01", Instances: []v1alpha1.SAPInstance{{Host: "sapapp1", Number: "00"}}}
		c.change(h)
		_, err := newWorld(t).source.New(h, &h.Instances[0], nil, time.Second)
		if spec, ok := errors.AsType[*endpoint.SpecError](err); !ok || spec.Field != c.field || strings.Contains(err.Error(), "a:b") {
			t.Errorf("%s: %v", name, err)
		}
	}
	h := login(&v1alpha1.SAPHosting{SystemID: "P01", Instances: []v1alpha1.SAPInstance{{Host: "sapapp1", Number: "00"}}})
	w := newWorld(t)
	w.credentials("1", user, password)
	w.secrets["login"].Labels = nil
	_, err := w.source.New(h, &h.Instances[0], w.get, time.Second)
	if secret, ok := errors.AsType[*endpoint.SecretError](err); !ok || secret.Reason != endpoint.SecretNotLabelled {
		t.Errorf("a Secret without the label: %v", err)
	}
}
