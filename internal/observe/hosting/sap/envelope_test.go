// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"encoding/xml"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestRequests: each request is one empty element of SAPControl in a SOAP 1.1
// envelope.
func TestRequests(t *testing.T) {
	for _, m := range []Method{GetInstanceProperties, GetProcessList, GetSystemInstanceList, HACheckConfig} {
		called, bad := open([]byte(envelope(m)))
		if bad != nil {
			t.Fatal(bad)
		}
		if called.name != (xml.Name{Space: "urn:SAPControl", Local: string(m)}) || len(called.children) != 0 || called.text != "" {
			t.Errorf("%+v", called)
		}
	}
}

// TestUnderstood: what other services say the same in.
func TestUnderstood(t *testing.T) {
	for name, body := range map[string]string{
		"byte order mark":   "\ufeff" + answerOf(greenList),
		"no declaration":    strings.TrimPrefix(answerOf(greenList), `<?xml version="1.0" encoding="UTF-8"?>`),
		"header":            strings.Replace(answerOf(greenList), "<e:Body>", "<e:Header><x/></e:Header><e:Body>", 1),
		"default namespace": defaultNamespace,
		"comments":          strings.Replace(answerOf(greenList), "<name>a", "<name><!-- no -->a<!-- no -->", 1),
		"CDATA":             strings.Replace(answerOf(greenList), "<name>a", "<name><![CDATA[a]]>", 1),
		"more than known":   strings.Replace(answerOf(greenList), "<name>", "<pid>7</pid><new><item/></new><name>", 1),
		"white space":       strings.ReplaceAll(answerOf(greenList), "><", ">\n\t<"),
	} {
		root, bad := open([]byte(body))
		if bad != nil {
			t.Errorf("%s: %v", name, bad)
			continue
		}
		var f Facts
		if bad := f.take(GetProcessList, root); bad != nil || len(f.Processes) != 1 || f.Processes[0].Name != "a" || f.Processes[0].Status != Green {
			t.Errorf("%s: %+v, %v", name, f, bad)
		}
	}
}

const defaultNamespace = `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body><GetProcessListResponse xmlns="urn:SAPControl">` +
	`<process xmlns=""><item><name>a</name><dispstatus>SAPControl-GREEN</dispstatus></item></process></GetProcessListResponse></Body></Envelope>`

// TestStatus: only the four colours are known.
func TestStatus(t *testing.T) {
	for word, want := range map[string]bool{
		"SAPControl-GREEN": true, "SAPControl-YELLOW": true, "SAPControl-RED": true, "SAPControl-GRAY": true,
		"GREEN": false, "SAPControl-green": false, "SAPControl-BLUE": false, "": false, "SAPControl-": false, "«GREEN»": false,
	} {
		if got := status(word).Known(); got != want {
			t.Errorf("%q is known: %v", word, got)
		}
	}
}

// TestFaults: what a fault means.
func TestFaults(t *testing.T) {
	for said, want := range map[string]verdict{
		"Invalid Credentials":        unauthenticated,
		"HTTP Error: 'Unauthorized'": unauthenticated,
		"Permission denied":          forbidden,
		"FAIL: permission denied":    forbidden,
		"Internal error":             failed,
		"":                           failed,
		"Method 'ns1:HACheckConfig' not implemented": unknownMethod,
	} {
		if got := fault(HACheckConfig, said); got.verdict != want || got.refusal.Message == "" {
			t.Errorf("%q: %+v", said, got)
		}
	}
}

// TestTimes: what is understood of times.
func TestTimes(t *testing.T) {
	for s, want := range map[string]string{
		"2021 09 28 16:58:24": "2021-09-28T16:58:24Z", " 2021  9 8 6:5:4 ": "2021-09-08T06:05:04Z", "2024 02 29 00:00:00": "2024-02-29T00:00:00Z",
		"": "", "2021 09 31 16:58:24": "", "2021-09-28 16:58:24": "", "2021 09 28": "", "2021 09 28 24:00:00": "", "0000 01 01 00:00:00": "",
	} {
		got := ""
		if at := parseStart(s); !at.IsZero() {
			got = at.Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("start %q: %q, want %q", s, got, want)
		}
	}
	for s, want := range map[string]time.Duration{
		"1557:46:59": 1557*time.Hour + 46*time.Minute + 59*time.Second, "0:00:00": 0, " 8:5:4 ": 8*time.Hour + 5*time.Minute + 4*time.Second,
		"": -1, "1:2": -1, "1:60:00": -1, "1:00:60": -1, "-1:00:00": -1, "1:00:00:00": -1, "999999999999:00:00": -1, "876001:00:00": -1, "a:b:c": -1, "+1:00:00": -1,
	} {
		got, ok := parseElapsed(s)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("elapsed %q: %v, want %v", s, got, want)
		}
	}
}

// FuzzEnvelope: whatever is sent, what is understood of it is bounded.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte(answerOf(greenList)))
	f.Add([]byte(defaultNamespace))
	f.Add([]byte(strings.Replace(answerOf(greenList), "UTF-8", "ISO-8859-1", 1)))
	f.Add([]byte(answerOf(`<e:Fault><faultstring>Permission denied</faultstring></e:Fault>`)))
	f.Add([]byte(answerOf(`<c:HACheckConfigResponse><check><item><state>SAPControl-HA-ERROR</state></item></check></c:HACheckConfigResponse>`)))
	f.Add([]byte(`<!DOCTYPE a><a/>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		root, bad := open(body)
		if (root == nil) == (bad == nil) {
			t.Fatalf("%v, %v", root, bad)
		}
		if bad != nil {
			if bad.reason == "" || bad.message == "" {
				t.Fatalf("%+v", bad)
			}
			return
		}
		if depth, elements := extent(root); depth > MaxDepth || elements > MaxElements {
			t.Fatalf("%d deep, %d elements", depth, elements)
		}
		for _, m := range []Method{GetInstanceProperties, GetProcessList, GetSystemInstanceList, HACheckConfig} {
			root.name = xml.Name{Space: namespaceSAPControl, Local: string(m) + "Response"}
			var facts Facts
			_ = facts.take(m, root) // either is fine
			for _, p := range facts.Processes {
				if len(p.Name) > maxName || len(p.Text) > maxText || !utf8.ValidString(p.Name+p.Text+string(p.Status)) || p.Elapsed < 0 {
					t.Fatalf("%+v", p)
				}
			}
			for _, i := range facts.Instances {
				if len(i.Host) > maxText || len(i.Number) > maxName || len(i.Status) > maxName+len("«»") {
					t.Fatalf("%+v", i)
				}
			}
		}
	})
}

func extent(e *element) (depth, elements int) {
	elements = 1
	for _, c := range e.children {
		d, n := extent(c)
		depth, elements = max(depth, d), elements+n
	}
	return depth + 1, elements
}

// FuzzTimes: what is understood can be written and understood again.
func FuzzTimes(f *testing.F) {
	for _, s := range []string{"2021 09 28 16:58:24", "1557:46:59", "", "0:0:0", "9999 12 31 23:59:59"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if at := parseStart(s); !at.IsZero() {
			if again := parseStart(at.Format("2006 01 02 15:04:05.999999999")); !again.Equal(at) || at.Year() > 9999 {
				t.Fatalf("%q: %v, then %v", s, at, again)
			}
		}
		d, ok := parseElapsed(s)
		if d < 0 || !ok && d != 0 || d > maxElapsed+time.Hour {
			t.Fatalf("%q: %v, %v", s, d, ok)
		}
	})
}

// TestNoList: an answer without its list is none, while an empty list is one.
func TestNoList(t *testing.T) {
	for list, m := range map[string]Method{"process": GetProcessList, "instance": GetSystemInstanceList} {
		for _, content := range []string{"", "<other/>", "<" + list + "/>"} {
			root, bad := open([]byte(answerOf("<c:" + string(m) + "Response>" + content + "</c:" + string(m) + "Response>")))
			if bad != nil {
				t.Fatal(bad)
			}
			var f Facts
			bad = f.take(m, root)
			if told := f.Processes != nil || f.Instances != nil; told != (bad == nil) || told != strings.Contains(content, list) {
				t.Errorf("%s with %q: %+v, %v", m, content, f, bad)
			}
		}
	}
}
