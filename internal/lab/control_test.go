// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// request asks the control interface and returns status and body.
func request(t *testing.T, method, url string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestControlLists(t *testing.T) {
	web, alone, refused := freePort(t), freePort(t), freePort(t)
	slow := at("slow", "http://127.0.0.1:%d/slow", web).as(Slow, "")
	slow.Delay = 725 * time.Millisecond
	l := serve(t, Options{Control: "127.0.0.1:0", Endpoints: []Endpoint{
		at("web", "http://127.0.0.1:%d/web", web),
		slow,
		at("erring", "http://127.0.0.1:%d/erring", web).as(Down, Status500),
		at("expired", "tls://127.0.0.1:%d", alone).named("x.example").as(Down, ExpiredCertificate),
		at("refused", "tcp://127.0.0.1:%d", refused).as(Down, Refused),
	}})
	if _, err := l.Stop("ns/web"); err != nil {
		t.Fatal(err)
	}
	status, body := request(t, http.MethodGet, l.Control())
	if status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	want := strings.NewReplacer("WEBBB", strconv.Itoa(web), "ALONE", strconv.Itoa(alone), "REFUS", strconv.Itoa(refused), "CONTROL", l.Control()).Replace(
		`ENDPOINT        URL                            STATE
ns/erring/web   http://127.0.0.1:WEBBB/erring  down: answers with status 500
ns/expired/web  tls://127.0.0.1:ALONE          down: its certificate expired yesterday
ns/refused/web  tcp://127.0.0.1:REFUS          down: connections are refused
ns/slow/web     http://127.0.0.1:WEBBB/slow    slow: answers after 725ms
ns/web/web      http://127.0.0.1:WEBBB/web     down: answers with status 503

curl CONTROL/
curl -X POST CONTROL/stop/<namespace>/<application>[/<endpoint>]
curl -X POST CONTROL/start/<namespace>/<application>[/<endpoint>]
`)
	if diff := cmp.Diff(want, body); diff != "" {
		t.Error(diff)
	}
}

func TestControlStopsAndStarts(t *testing.T) {
	e := at("a", "tcp://127.0.0.1:%d", freePort(t))
	other := e
	other.Name = "other"
	other.URL = fmt.Sprintf("tcp://127.0.0.1:%d", freePort(t))
	l := serve(t, Options{Control: "127.0.0.1:0", Endpoints: []Endpoint{e, other}})
	for _, c := range []struct {
		path, want string
		one, two   string
	}{
		{"/stop/ns/a/web", fmt.Sprintf("ns/a/web (%s): down: connections are refused; noticed within 10s\n", e.URL), "refused", "ok"},
		{"/start/ns/a/web/", fmt.Sprintf("ns/a/web (%s): up\n", e.URL), "ok", "ok"},
		{"/stop/ns/a", fmt.Sprintf("ns/a/web (%s): down: connections are refused; noticed within 10s\n"+
			"ns/a/other (%s): down: connections are refused; noticed within 10s\n", e.URL, other.URL), "refused", "refused"},
		{"/start/ns/a", fmt.Sprintf("ns/a/web (%s): up\nns/a/other (%s): up\n", e.URL, other.URL), "ok", "ok"},
	} {
		status, body := request(t, http.MethodPost, l.Control()+c.path)
		if status != http.StatusOK || body != c.want {
			t.Errorf("%s: status %d, %q, want %q", c.path, status, body, c.want)
		}
		if one, two := ask(t, l, e), ask(t, l, other); one != c.one || two != c.two {
			t.Errorf("after %s: %s %s, want %s %s", c.path, one, two, c.one, c.two)
		}
	}
}

func TestControlRefuses(t *testing.T) {
	e := at("a", "tcp://127.0.0.1:%d", freePort(t))
	l := serve(t, Options{Control: "127.0.0.1:0", Endpoints: []Endpoint{e}})
	for _, c := range []struct {
		method, path string
		header       []string
		status       int
		want         string
	}{
		{http.MethodPost, "/stop/ns/b", nil, http.StatusNotFound, `the lab has no endpoint "ns/b"` + "\ncurl " + l.Control() + "/ lists all"},
		{http.MethodPost, "/stop/other/a", nil, http.StatusNotFound, "perhaps ns/a/web"},
		{http.MethodPost, "/stop/a", nil, http.StatusBadRequest, `"a" is not <namespace>/<application>`},
		{http.MethodPost, "/stop/", nil, http.StatusBadRequest, `"" is not <namespace>/<application>`},
		{http.MethodGet, "/stop/ns/a", nil, http.StatusMethodNotAllowed, "curl -X POST " + l.Control() + "/stop/"},
		{http.MethodPost, "/kill/ns/a", nil, http.StatusNotFound, `no such request: POST "/kill/ns/a"`},
		{http.MethodPost, "/", nil, http.StatusNotFound, `no such request: POST "/"`},
		{http.MethodPost, "/stop/ns/a", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden, "cross-origin"},
	} {
		status, body := request(t, c.method, l.Control()+c.path, c.header...)
		if status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s %s: status %d, %q, want %d with %q", c.method, c.path, status, body, c.status, c.want)
		}
	}
	if got := ask(t, l, e); got != "ok" {
		t.Errorf("after nothing but refusals: %s", got)
	}
}

func TestControlListensOnLoopbackOnly(t *testing.T) {
	for _, address := range []string{"0.0.0.0:0", ":0", "[::]:0", "example:0", "127.0.0.1"} {
		l, err := Serve(Options{Control: address})
		if err == nil {
			l.Close()
			t.Errorf("listens on %s", address)
			continue
		}
		if !strings.Contains(err.Error(), "the lab's control interface: ") {
			t.Errorf("%s: %v", address, err)
		}
	}
}
