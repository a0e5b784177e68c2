// SPDX-License-Identifier: Apache-2.0

package sapcontrol

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	testingclock "k8s.io/utils/clock/testing"
)

// call returns the status and the body of an answer. The user is given as
// "user:password", or not at all.
func call(t *testing.T, i *Instance, method, login string) (int, string) {
	t.Helper()
	body := `<E:Envelope xmlns:E="http://schemas.xmlsoap.org/soap/envelope/"><E:Body><x:` + method + ` xmlns:x="urn:SAPControl"/></E:Body></E:Envelope>`
	return post(t, i, body, login)
}

func post(t *testing.T, i *Instance, body, login string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	if user, password, ok := strings.Cut(login, ":"); ok {
		r.SetBasicAuth(user, password)
	}
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func newSystem() (*System, *testingclock.FakePassiveClock) {
	clock := testingclock.NewFakePassiveClock(time.Date(2021, 9, 28, 16, 58, 24, 0, time.UTC))
	return New(Options{
		SystemID: "P01", User: "p01adm", Password: "secret", Clock: clock,
		Instances: []InstanceOptions{{Host: "sapapp1", Number: "00"}, {Host: "sapapp2", Number: "12", Features: []string{"HDB"}}},
	}), clock
}

func TestMethods(t *testing.T) {
	s, clock := newSystem()
	clock.SetTime(clock.Now().Add(1557*time.Hour + 46*time.Minute + 59*time.Second))
	if err := s.Instance(1).SetProcess("gwrd", Red, "Stopped <hard>"); err != nil {
		t.Fatal(err)
	}
	for method, parts := range map[string][]string{
		GetInstanceProperties: {"<property>SAPSYSTEMNAME</property>", "<value>P01</value>", "<value>sapapp1</value>"},
		GetProcessList: {
			"<SAPControl:GetProcessListResponse><process><item><name>disp+work</name><description>Dispatcher</description>" +
				"<dispstatus>SAPControl-GREEN</dispstatus><textstatus>Running</textstatus>" +
				"<starttime>2021 09 28 16:58:24</starttime><elapsedtime>1557:46:59</elapsedtime><pid>4711</pid></item>",
		},
		GetSystemInstanceList: {
			"<hostname>sapapp1</hostname><instanceNr>0</instanceNr><httpPort>50013</httpPort><httpsPort>50014</httpsPort>",
			"<features>HDB</features><dispstatus>SAPControl-RED</dispstatus>",
		},
	} {
		status, body := call(t, s.Instance(0), method, "")
		if status != http.StatusOK {
			t.Errorf("%s: status %d", method, status)
		}
		for _, part := range parts {
			if !strings.Contains(body, part) {
				t.Errorf("%s has no %s: %s", method, part, body)
			}
		}
		wellFormed(t, body)
	}
	if _, body := call(t, s.Instance(1), GetProcessList, ""); !strings.Contains(body, "<textstatus>Stopped &lt;hard&gt;</textstatus>") {
		t.Errorf("body %s", body)
	}
	if err := s.Instance(0).SetProcess("none", Red, ""); err == nil {
		t.Error("there is a process that there is not")
	}
}

func wellFormed(t *testing.T, body string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(body))
	for {
		if _, err := d.Token(); err == io.EOF { //nolint:errorlint // it is returned as it is
			return
		} else if err != nil {
			t.Fatalf("%v: %s", err, body)
		}
	}
}

func TestFaults(t *testing.T) {
	s, _ := newSystem()
	s.Protect(GetProcessList)
	s.Deny(GetSystemInstanceList)
	i := s.Instance(0)
	i.SetFault(GetInstanceProperties, "Internal error")
	for _, c := range []struct {
		method, login string
		status        int
		said          string
	}{
		{GetProcessList, "", http.StatusUnauthorized, "Unauthorized"},
		{GetProcessList, "p01adm:wrong", http.StatusInternalServerError, "Invalid Credentials"},
		{GetProcessList, "p01adm:secret", http.StatusOK, "disp+work"},
		{GetSystemInstanceList, "p01adm:secret", http.StatusInternalServerError, "Permission denied"},
		{GetInstanceProperties, "", http.StatusInternalServerError, "<faultstring>Internal error</faultstring>"},
		{HACheckConfig, "", http.StatusInternalServerError, "not implemented"},
		{"StopSystem", "p01adm:secret", http.StatusInternalServerError, "not implemented"},
	} {
		status, body := call(t, i, c.method, c.login)
		if status != c.status || !strings.Contains(body, c.said) {
			t.Errorf("%s as %q: %d, %s", c.method, c.login, status, body)
		}
		wellFormed(t, body)
	}
	if all, rejected := s.Attempts(); all != 4 || rejected != 1 {
		t.Errorf("%d attempts, %d rejected", all, rejected)
	}
	if i.Calls(GetProcessList) != 3 {
		t.Errorf("%d calls", i.Calls(GetProcessList))
	}
	s.SetPassword("p01adm", "other")
	if status, _ := call(t, i, GetProcessList, "p01adm:secret"); status == http.StatusOK {
		t.Error("the old password holds")
	}
	s.SetChecks([]Check{{State: "ERROR", Category: "SAP-STATE", Description: "a", Comment: "b"}})
	if status, body := call(t, i, HACheckConfig, ""); status != http.StatusOK || !strings.Contains(body, "<state>SAPControl-HA-ERROR</state>") {
		t.Errorf("%d, %s", status, body)
	}
	for _, body := range []string{"", "<a/>", "<E:Envelope xmlns:E='http://schemas.xmlsoap.org/soap/envelope/'><E:Body/></E:Envelope>", strings.Repeat("<a>", maxRequest)} {
		if status, answer := post(t, i, body, ""); status != http.StatusInternalServerError || !strings.Contains(answer, "Fault") {
			t.Errorf("%.40q: %d, %s", body, status, answer)
		}
	}
}

func TestStatus(t *testing.T) {
	for want, colours := range map[Status][]Status{
		Green: {Green, Green}, Red: {Green, Yellow, Red, Gray}, Gray: {Gray, Gray}, Yellow: {Green, Gray},
	} {
		i := &Instance{}
		for _, c := range colours {
			i.processes = append(i.processes, Process{Status: c})
		}
		if got := i.status(); got != want {
			t.Errorf("%v make %s", colours, got)
		}
	}
}

func TestWSDL(t *testing.T) {
	s, _ := newSystem()
	w := httptest.NewRecorder()
	s.Instance(0).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://sapapp1:50013/?wsdl", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `<operation name="GetProcessList">`) {
		t.Errorf("%d, %s", w.Code, w.Body)
	}
	wellFormed(t, w.Body.String())
	wellFormed(t, wsdl(`"<a>&`))
	w = httptest.NewRecorder()
	s.Instance(0).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("status %d", w.Code)
	}
}

// TestBadly: slow answers come late, and half answers are half.
func TestBadly(t *testing.T) {
	s, _ := newSystem()
	server := httptest.NewServer(s.Instance(0))
	defer server.Close()
	s.Instance(0).SetTruncated(true)
	resp, err := server.Client().Post(server.URL, "text/xml", strings.NewReader(""))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(resp.Body); err != io.ErrUnexpectedEOF && err != nil { //nolint:errorlint // it is returned as it is
		t.Error(err)
	}
	_ = resp.Body.Close()
	s.Instance(0).SetDelay(time.Millisecond)
	began := time.Now()
	call(t, s.Instance(0), GetProcessList, "")
	if time.Since(began) < time.Millisecond {
		t.Error("the answer was not late")
	}
}
