// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"net/http"
	"strings"
	"testing"
)

func ping(name string) Endpoint {
	e := at(name, "", 0)
	e.Name, e.URL = "ping", "icmp://127.0.0.1"
	return e
}

func TestKernelAnswers(t *testing.T) {
	service := at("a", "tcp://127.0.0.1:%d", freePort(t))
	l := serve(t, Options{Control: "127.0.0.1:0", Endpoints: []Endpoint{ping("a"), service, ping("b")}})
	const why = "the kernel answers ICMP for 127.0.0.1, not the lab, which can neither stop nor start it nor have it fail"
	for _, do := range []func(string) ([]Status, error){l.Stop, l.Start} {
		for _, name := range []string{"ns/a/ping", "ns/b"} {
			statuses, err := do(name)
			if _, ok := errors.AsType[*UnchangeableError](err); !ok || err.Error() != name+": "+why || statuses != nil {
				t.Errorf("%s: %+v, %v", name, statuses, err)
			}
		}
	}
	for _, verb := range []string{"stop", "start"} {
		status, body := request(t, http.MethodPost, l.Control()+"/"+verb+"/ns/a/ping")
		if status != http.StatusConflict || body != "ns/a/ping: "+why+"\n" {
			t.Errorf("%s: status %d, %q", verb, status, body)
		}
	}
	status, body := request(t, http.MethodPost, l.Control()+"/stop/ns/a")
	if status != http.StatusOK || !strings.Contains(body, "ns/a/ping (icmp://127.0.0.1): up: "+why+"\n") ||
		!strings.Contains(body, "ns/a/web ("+service.URL+"): down: connections are refused") {
		t.Errorf("the whole Application: status %d, %q", status, body)
	}
	if got := ask(t, l, service); got != "refused" {
		t.Errorf("what can be stopped beside it: %q", got)
	}
	change(t, l.Start, "ns/a/web", true)
	if _, body := request(t, http.MethodGet, l.Control()); strings.Count(body, "up: "+why) != 2 {
		t.Errorf("the list does not say who answers:\n%s", body)
	}
}

func TestKernelNeverFails(t *testing.T) {
	for _, e := range []Endpoint{ping("a").as(Down, Refused), ping("a").as(Flaps, ""), ping("a").as(Slow, "")} {
		if _, err := Serve(Options{Endpoints: []Endpoint{e}}); err == nil || !strings.Contains(err.Error(), kernelAnswers) {
			t.Errorf("%s: %v", e.Behaviour, err)
		}
	}
	elsewhere := ping("a")
	elsewhere.URL = "icmp://127.0.0.2"
	if _, err := locate(elsewhere); err == nil || !strings.Contains(err.Error(), "serves 127.0.0.1 only") {
		t.Error(err)
	}
}
