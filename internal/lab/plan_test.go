// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const header = "unit,application,endpoint,url,interval,lab,fault\n"

func TestReadTable(t *testing.T) {
	got, err := ReadTable(strings.NewReader(header+
		"16,a,web,http://127.0.0.1:18080/,5s,up,\n\n"+
		`"16",b,"web",tcp://127.0.0.1:18081,5s,down,refused`+"\n"), "t.csv")
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{File: "t.csv", Line: 2, Unit: "16", Application: "a", Endpoint: "web", URL: "http://127.0.0.1:18080/", Behaviour: Up},
		{File: "t.csv", Line: 4, Unit: "16", Application: "b", Endpoint: "web", URL: "tcp://127.0.0.1:18081", Behaviour: Down, Fault: Refused},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadTableRefuses(t *testing.T) {
	for _, c := range []struct{ table, want string }{
		{"", "t.csv: is empty, not even column names"},
		{header, "t.csv: has no row"},
		{"unit,application,endpoint,url,fault\n", "t.csv:1: has no column lab, only unit, application, endpoint, url, fault"},
		{header + "16,a\n", "t.csv: record on line 2: wrong number of fields"},
		{header + `16,"a` + "\n", `t.csv: parse error on line 2, column 7: extraneous or missing " in quoted-field`},
	} {
		_, err := ReadTable(strings.NewReader(c.table), "t.csv")
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %q", c.table, err, c.want)
		}
	}
}

// application of the namespace kdz-16, which is unit 16's.
func application(name string, endpoints ...v1alpha1.Endpoint) v1alpha1.Application {
	return v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: "kdz-16", Name: name},
		Spec:       v1alpha1.ApplicationSpec{Endpoints: endpoints},
	}
}

var numbers = map[string]string{"kdz-16": "16"}

func TestPlan(t *testing.T) {
	applications := []v1alpha1.Application{
		application("a",
			v1alpha1.Endpoint{
				Name: "web", URL: "https://127.0.0.1:18443/a", Interval: "5s", FailureThreshold: 2,
				TLS: &v1alpha1.TLSCheck{ServerName: "a.example"},
			},
			v1alpha1.Endpoint{Name: "abroad", URL: "https://www.example/"},
		),
		application("b", v1alpha1.Endpoint{Name: "web", URL: "http://127.0.0.1:18080/b", Timeout: "2s", MaxLatency: "300ms"}),
	}
	for _, c := range []struct {
		name string
		rows []Row
		want []Endpoint
	}{
		{
			"with a table",
			[]Row{
				{Unit: "16", Application: "b", Endpoint: "web", URL: "http://127.0.0.1:18080/b", Behaviour: Slow},
				{Unit: "16", Application: "a", Endpoint: "web", URL: "https://127.0.0.1:18443/a", Behaviour: Down, Fault: ExpiredCertificate},
			},
			[]Endpoint{
				{
					Namespace: "kdz-16", Application: "a", Name: "web", URL: "https://127.0.0.1:18443/a", ServerName: "a.example",
					Behaviour: Down, Fault: ExpiredCertificate, Notice: 10 * time.Second,
				},
				{
					Namespace: "kdz-16", Application: "b", Name: "web", URL: "http://127.0.0.1:18080/b",
					Behaviour: Slow, Delay: 725 * time.Millisecond, Notice: 3 * time.Minute,
				},
			},
		},
		{
			"without a table all are up",
			nil,
			[]Endpoint{
				{
					Namespace: "kdz-16", Application: "a", Name: "web", URL: "https://127.0.0.1:18443/a", ServerName: "a.example",
					Behaviour: Up, Notice: 10 * time.Second,
				},
				{Namespace: "kdz-16", Application: "b", Name: "web", URL: "http://127.0.0.1:18080/b", Behaviour: Up, Notice: 3 * time.Minute},
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Plan(applications, numbers, c.rows)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlanTakesWhatProtocolsNeed(t *testing.T) {
	trusted := &v1alpha1.TLSCheck{ServerName: "a.example"}
	declared := []v1alpha1.Endpoint{
		{Name: "mail", URL: "smtp://127.0.0.1:18520", TLS: trusted},
		{Name: "plain", URL: "imap://127.0.0.1:18521"},
		{Name: "directory", URL: "ldaps://127.0.0.1:18522", TLS: trusted},
		{Name: "rpc", URL: "grpc://127.0.0.1:18523", GRPC: &v1alpha1.GRPCCheck{Service: "a.v1.A"}},
		{Name: "name", URL: "dns://a.example", DNS: &v1alpha1.DNSCheck{RecordType: "MX", ExpectedValues: []string{"10 a.example."}, Server: "127.0.0.1:18524"}},
		{Name: "elsewhere", URL: "dns://a.example", DNS: &v1alpha1.DNSCheck{Server: "192.0.2.1:53"}},
		{Name: "own", URL: "dns://a.example"},
		{Name: "ping", URL: "icmp://127.0.0.1"},
		{Name: "ping-far", URL: "icmp://192.0.2.1"},
	}
	got, err := Plan([]v1alpha1.Application{application("a", declared...)}, numbers, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Endpoint{
		{Name: "mail", URL: "smtp://127.0.0.1:18520", ServerName: "a.example", StartTLS: true},
		{Name: "plain", URL: "imap://127.0.0.1:18521"},
		{Name: "directory", URL: "ldaps://127.0.0.1:18522", ServerName: "a.example"},
		{Name: "rpc", URL: "grpc://127.0.0.1:18523", Service: "a.v1.A"},
		{Name: "name", URL: "dns://a.example", DNS: DNS{Server: "127.0.0.1:18524", Type: "MX", Values: []string{"10 a.example."}}},
		{Name: "ping", URL: "icmp://127.0.0.1"},
	}
	for i := range want {
		want[i].Namespace, want[i].Application, want[i].Behaviour, want[i].Notice = "kdz-16", "a", Up, 3*time.Minute
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPlanRefuses(t *testing.T) {
	row := func(change func(*Row)) Row {
		r := Row{File: "t.csv", Line: 2, Unit: "16", Application: "a", Endpoint: "web", URL: "http://127.0.0.1:18080/a", Behaviour: Up}
		change(&r)
		return r
	}
	same := row(func(*Row) {})
	web := v1alpha1.Endpoint{Name: "web", URL: "http://127.0.0.1:18080/a", MaxLatency: "300ms"}
	endpoint := func(change func(*v1alpha1.Endpoint)) v1alpha1.Endpoint {
		e := web
		change(&e)
		return e
	}
	for _, c := range []struct {
		name     string
		endpoint v1alpha1.Endpoint
		rows     []Row
		want     string
	}{
		{"no row", web, []Row{}, "kdz-16/a/web at http://127.0.0.1:18080/a: no row says how it behaves"},
		{"no endpoint", web, []Row{same, row(func(r *Row) { r.Line, r.Endpoint = 3, "other" })}, "t.csv:3: other of a of unit 16: no Application of the catalogue has it"},
		{"other unit", web, []Row{row(func(r *Row) { r.Unit = "17" })}, "t.csv:2: web of a of unit 17: no Application of the catalogue has it"},
		{"twice", web, []Row{same, row(func(r *Row) { r.Line = 9 })}, "t.csv:9: web of a of unit 16: stands in line 2 already"},
		{
			"other URL", web,
			[]Row{row(func(r *Row) { r.URL = "http://127.0.0.1:18080/b" })},
			"t.csv:2: web of a of unit 16: is at http://127.0.0.1:18080/b, but the Application kdz-16/a says http://127.0.0.1:18080/a",
		},
		{"unknown behaviour", web, []Row{row(func(r *Row) { r.Behaviour = "odd" })}, `behaviour "odd" is none of up, down, flaps, slow`},
		{"down without a fault", web, []Row{row(func(r *Row) { r.Behaviour = Down })}, "is down, but no fault says how"},
		{"fault without down", web, []Row{row(func(r *Row) { r.Fault = Refused })}, `has the fault "refused", but is not down`},
		{
			"fault of another scheme", web,
			[]Row{row(func(r *Row) { r.Behaviour, r.Fault = Down, ExpiredCertificate })},
			`the fault "expired-certificate" is none that http can have`,
		},
		{
			"slow without a limit", endpoint(func(e *v1alpha1.Endpoint) { e.MaxLatency = "" }),
			[]Row{row(func(r *Row) { r.Behaviour = Slow })},
			"kdz-16/a/web: cannot be slow: it declares no maxLatency",
		},
		{
			"slow beyond the timeout", endpoint(func(e *v1alpha1.Endpoint) { e.MaxLatency = "10s" }),
			[]Row{row(func(r *Row) { r.Behaviour = Slow })},
			"cannot be slow: maxLatency 10s is not below the timeout 10s",
		},
		{"interval", endpoint(func(e *v1alpha1.Endpoint) { e.Interval = "often" }), []Row{same}, `kdz-16/a/web: interval: "often" is no duration`},
		{"scheme", endpoint(func(e *v1alpha1.Endpoint) { e.URL = "gopher://127.0.0.1:1070" }), nil, "the lab serves dns, grpc, grpcs, http, https, icmp, imap, imaps, ldap, ldaps, smtp, smtps, ssh, tcp, tls, not gopher"},
		{
			"directory with more than a root", endpoint(func(e *v1alpha1.Endpoint) {
				e.URL, e.LDAP = "ldap://127.0.0.1:18520", &v1alpha1.LDAPCheck{BaseDN: "dc=example"}
			}), nil,
			"kdz-16/a/web: declares ldap, but the lab's directories have the root DSE only",
		},
		{
			"host key", endpoint(func(e *v1alpha1.Endpoint) { e.URL, e.SSH = "ssh://127.0.0.1:18520", &v1alpha1.SSHCheck{} }), nil,
			"kdz-16/a/web: declares host keys, but the lab makes new ones each time",
		},
		{
			"name without a value", endpoint(func(e *v1alpha1.Endpoint) {
				e.URL, e.DNS = "dns://a.example", &v1alpha1.DNSCheck{RecordType: "MX", Server: "127.0.0.1:18520"}
			}), nil,
			"kdz-16/a/web at dns://a.example: the lab needs a value of type MX",
		},
		{"name server without a port", endpoint(func(e *v1alpha1.Endpoint) {
			e.URL, e.DNS = "dns://a.example", &v1alpha1.DNSCheck{Server: "127.0.0.1"}
		}), nil, "the lab needs dns.server with a port"},
		{"port of its own", endpoint(func(e *v1alpha1.Endpoint) { e.URL = "smtp://127.0.0.1" }), nil, `in the URL, not ""`},
		{"address", endpoint(func(e *v1alpha1.Endpoint) { e.URL = "tcp://127.0.0.2:1053" }), nil, "the lab serves 127.0.0.1 only"},
		{"no port", endpoint(func(e *v1alpha1.Endpoint) { e.URL = "http://127.0.0.1/" }), nil, `the lab needs a port from 1024 to 65535 in the URL, not ""`},
		{"low port", endpoint(func(e *v1alpha1.Endpoint) { e.URL = "http://127.0.0.1:80/" }), nil, `the lab needs a port from 1024 to 65535 in the URL, not "80"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Plan([]v1alpha1.Application{application("a", c.endpoint)}, numbers, c.rows)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

func TestServeRefuses(t *testing.T) {
	port := freePort(t)
	for _, c := range []struct {
		name      string
		endpoints []Endpoint
		want      string
	}{
		{
			"two schemes on one port",
			[]Endpoint{at("a", "tcp://127.0.0.1:%d", port), at("b", "http://127.0.0.1:%d/", port)},
			"speaks tcp for ns/a/web already",
		},
		{
			"two behaviours of one server",
			[]Endpoint{at("a", "tcp://127.0.0.1:%d", port), at("b", "tcp://127.0.0.1:%d", port).as(Down, Refused)},
			"is the same server as ns/a/web, which behaves otherwise",
		},
		{
			"refused on a port that answers",
			[]Endpoint{at("a", "http://127.0.0.1:%d/a", port), at("b", "http://127.0.0.1:%d/b", port).as(Down, Refused)},
			"cannot refuse connections on a port that others answer on",
		},
		{
			"one certificate, expired and not",
			[]Endpoint{
				at("a", "https://127.0.0.1:%d/a", port).named("x.example"),
				at("b", "https://127.0.0.1:%d/b", port).named("x.example").as(Down, ExpiredCertificate),
			},
			"shares its certificate with others, for which it has not expired",
		},
		{
			"one certificate for two names",
			[]Endpoint{
				{URL: fmt.Sprintf("smtp://127.0.0.1:%d", port), StartTLS: true, ServerName: "x.example", Behaviour: Up},
				{URL: fmt.Sprintf("smtp://127.0.0.1:%d", port), StartTLS: true, ServerName: "y.example", Behaviour: Up},
			},
			`whose certificate is for "x.example", not "y.example"`,
		},
		{
			"no certificate that could expire",
			[]Endpoint{at("a", "smtp://127.0.0.1:%d", port).as(Down, ExpiredCertificate)},
			`the fault "expired-certificate" is none that smtp can have here (refused)`,
		},
		{"slow without a delay", []Endpoint{at("a", "http://127.0.0.1:%d/", port).as(Slow, "")}, "is slow, but there is no maxLatency"},
		{"slow tcp", []Endpoint{at("a", "tcp://127.0.0.1:%d", port).as(Slow, "")}, "tcp cannot be slow"},
		{"no URL", []Endpoint{{Namespace: "ns", Application: "a", Name: "web", URL: "::"}}, "missing protocol scheme"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, err := Serve(Options{Endpoints: c.endpoints})
			if err == nil {
				l.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
