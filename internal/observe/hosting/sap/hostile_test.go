// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/lab/sapcontrol"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// answer is an envelope with something in its body.
func answerOf(body string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="` + namespaceSOAP + `" xmlns:c="urn:SAPControl"><e:Body>` + body + `</e:Body></e:Envelope>`
}

const greenList = `<c:GetProcessListResponse><process><item><name>a</name><dispstatus>SAPControl-GREEN</dispstatus></item></process></c:GetProcessListResponse>`

// sends answers everything with a body.
func sends(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func hostingAt(url string) *v1alpha1.SAPHosting {
	return &v1alpha1.SAPHosting{SystemID: "P01", Instances: []v1alpha1.SAPInstance{{Host: "sapapp1", Number: "00", URL: v1alpha1.HTTPURL(url)}}}
}

// TestHostile: whatever comes back, nobody is declared down by it, and little
// memory is spent.
func TestHostile(t *testing.T) {
	laughs := `<!DOCTYPE e [<!ENTITY a "ha">`
	for n := 'b'; n < 'k'; n++ {
		laughs += fmt.Sprintf(`<!ENTITY %c "%s">`, n, strings.Repeat(fmt.Sprintf("&%c;", n-1), 10))
	}
	laughs += `]>`
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		reason  string
	}{
		"truncated":          {sends(200, answerOf(greenList)[:150]), ReasonAnswerInvalid},
		"empty":              {sends(200, ""), ReasonAnswerInvalid},
		"html":               {sends(200, "<html><body><p>Welcome<br></body></html>"), ReasonAnswerInvalid},
		"json":               {sends(200, `{"a":1}`), ReasonAnswerInvalid},
		"redirect":           {redirects, endpoint.ReasonUnexpectedStatus},
		"not found":          {sends(404, "nothing"), endpoint.ReasonUnexpectedStatus},
		"error page":         {sends(500, "<html>"), endpoint.ReasonUnexpectedStatus},
		"answer with a 500":  {sends(500, answerOf(greenList)), endpoint.ReasonUnexpectedStatus},
		"billion laughs":     {sends(200, laughs+"<e>&j;</e>"), ReasonAnswerInvalid},
		"document type":      {sends(200, strings.Replace(answerOf(greenList), "?>", "?><!DOCTYPE e>", 1)), ReasonAnswerInvalid},
		"instruction":        {sends(200, strings.Replace(answerOf(greenList), "<process>", "<?php ?><process>", 1)), ReasonAnswerInvalid},
		"depth of 20":        {sends(200, answerOf(strings.Repeat("<a>", 20)+strings.Repeat("</a>", 20))), ReasonAnswerTooLarge},
		"no list":            {sends(200, answerOf("<c:GetProcessListResponse/>")), ReasonAnswerInvalid},
		"unknown entity":     {sends(200, answerOf("<a>&x;</a>")), ReasonAnswerInvalid},
		"depth of 100,000":   {sends(200, answerOf(strings.Repeat("<a>", 100_000))), ReasonAnswerTooLarge},
		"many elements":      {sends(200, answerOf("<b>"+strings.Repeat("<a/>", 200_000)+"</b>")), ReasonAnswerTooLarge},
		"100 MiB":            {endless(100 << 20), ReasonAnswerTooLarge},
		"SOAP 1.2":           {sends(200, strings.Replace(answerOf(greenList), namespaceSOAP, "http://www.w3.org/2003/05/soap-envelope", 1)), ReasonAnswerInvalid},
		"wrong namespace":    {sends(200, strings.Replace(answerOf(greenList), "urn:SAPControl", "urn:SAPHostControl", 1)), ReasonAnswerInvalid},
		"undeclared prefix":  {sends(200, strings.Replace(answerOf(greenList), "xmlns:c", "xmlns:d", 1)), ReasonAnswerInvalid},
		"qualified children": {sends(200, answerOf(strings.ReplaceAll(strings.ReplaceAll(greenList, "</", "</c:"), "<", "<c:"))), ReasonAnswerInvalid},
		"two bodies":         {sends(200, answerOf(greenList+greenList)), ReasonAnswerInvalid},
		"two documents":      {sends(200, answerOf(greenList)+answerOf(greenList)), ReasonAnswerInvalid},
		"not UTF-8":          {sends(200, answerOf("<a>\xe4</a>")), ReasonEncodingRefused},
		"unknown charset":    {sends(200, strings.Replace(answerOf(greenList), "UTF-8", "EBCDIC-CP-DE", 1)), ReasonEncodingRefused},
		"UTF-16":             {sends(200, strings.Replace(answerOf(greenList), "UTF-8", "UTF-16", 1)), ReasonEncodingRefused},
		"late declaration":   {sends(200, answerOf(`<?xml version="1.0" encoding="ISO-8859-1"?>`+greenList)), ReasonAnswerInvalid},
		"compressed":         {sends(200, "\x1f\x8b\x08\x00\x00"), ReasonAnswerInvalid},
		"shorter than it says": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, answerOf(greenList))
		}, endpoint.ReasonConnectionClosed},
		"long header": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X", strings.Repeat("x", 2*MaxHeader))
		}, endpoint.ReasonProtocolError},
		"slow body": {func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush() // a client that is gone needs no answer
			<-r.Context().Done()
		}, endpoint.ReasonResponseTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			h := hostingAt(listen(t, c.handler))
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r := w.read(h, 0, w.probeWithin(h, 0, 2*time.Second).Run(t.Context()))
			runtime.ReadMemStats(&after)
			want(t, r, inconclusive, c.reason)
			if !strings.HasPrefix(r.Message, "P01/00 on sapapp1: ") {
				t.Errorf("message %q", r.Message)
			}
			if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
				t.Errorf("it took %d MiB", spent>>20)
			}
		})
	}
}

func redirects(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Location", "http://127.0.0.1:1/")
	w.WriteHeader(http.StatusFound)
}

// endless sends so many bytes of an envelope that goes on.
func endless(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.TrimSuffix(answerOf(""), "</e:Body></e:Envelope>"))
		part := strings.Repeat(" ", 1<<16)
		for sent := 0; sent < size; sent += len(part) {
			if _, err := io.WriteString(w, part); err != nil {
				return
			}
		}
	}
}

// TestNoHTTP: what is no HTTP, or ends at once.
func TestNoHTTP(t *testing.T) {
	for greeting, reason := range map[string]string{
		"SSH-2.0-OpenSSH\r\n": endpoint.ReasonProtocolError,
		"":                    endpoint.ReasonConnectionClosed,
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for {
				conn, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = conn.Read(make([]byte, 1<<10))
				_, _ = io.WriteString(conn, greeting)
				_ = conn.Close()
			}
		}()
		want(t, newWorld(t).ask(hostingAt("http://"+l.Addr().String()), 0), inconclusive, reason)
		_ = l.Close()
		<-done
	}
}

// TestTruncated: half of each answer of a real service.
func TestTruncated(t *testing.T) {
	w, s := newWorld(t), system(1)
	h := serve(t, s, 1)
	s.Instance(0).SetTruncated(true)
	want(t, w.ask(h, 0), inconclusive, endpoint.ReasonConnectionClosed)
}

// TestRepeatedCredentials: a service that repeats what it was sent shows nothing.
func TestRepeatedCredentials(t *testing.T) {
	w, s := newWorld(t), system(1)
	s.Protect(sapcontrol.GetProcessList)
	h := login(hostingAt(listen(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if _, shown, ok := r.BasicAuth(); ok {
			said := shown + " " + r.Header.Get("Authorization")
			body := `<c:GetProcessListResponse><process><item><name>` + said + `</name><description>` + said +
				`</description><textstatus>` + said + `</textstatus><dispstatus>SAPControl-RED</dispstatus></item></process></c:GetProcessListResponse>`
			sends(200, answerOf(body))(rw, r)
			return
		}
		s.Instance(0).ServeHTTP(rw, r)
	}))))
	w.credentials("1", user, password)
	r := w.ask(h, 0)
	want(t, r, observe.OutcomeFailure, v1alpha1.ReasonProcessDown)
	if strings.Contains(r.Message, "Basic ") {
		t.Errorf("message %q", r.Message)
	}
}

// TestLatin1: ISO-8859-1 is understood.
func TestLatin1(t *testing.T) {
	body := strings.Replace(answerOf(strings.Replace(greenList, "<name>a", "<name>\xc4rger", 1)), "UTF-8", "iso-8859-1", 1)
	root, bad := open([]byte(body))
	if bad != nil {
		t.Fatal(bad)
	}
	var f Facts
	if bad := f.take(GetProcessList, root); bad != nil || f.Processes[0].Name != "Ärger" {
		t.Fatalf("%+v, %v", f, bad)
	}
}
