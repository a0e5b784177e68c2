// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestExpressions(t *testing.T) {
	f := NewFactory(Options{})
	const body = `{"status":"UP","count":3,"load":0.5,"big":12345678901234567890,"parts":[{"ok":true},{"ok":false}],"none":null,"ü":"ä"}`
	for _, c := range []struct{ expression, body, reason string }{
		{`body.status == "UP"`, body, ""},
		{`body.status != "UP"`, body, ReasonBodyMismatch},
		{`body.count + 1 == 4 && body.count > 2.5 && body.load < 1`, body, ""},
		{`body.big > 1`, body, ""},
		{`body.parts.exists(p, p.ok) && !body.parts.all(p, p.ok) && size(body.parts) == 2`, body, ""},
		{`body.none == null`, body, ""},
		{`body["ü"] == "ä"`, body, ""},
		{`body.status in ["UP", "OK"] && body.count in [[1, 2], [3]][1]`, body, ""},
		{`!has(body.absent) || body.absent == "UP"`, body, ""},
		{`body.parts.exists_one(p, p.ok)`, body, ""},
		{`has(body.absent)`, body, ReasonBodyMismatch},
		{`body.absent == "UP"`, body, ReasonBodyMismatch},
		{`body.status`, body, ReasonBodyMismatch},
		{`body.status + 1 == 2`, body, ReasonBodyMismatch},
		{`body[0] == 1`, `[1]`, ""},
		{`body`, `true`, ""},
		{`body == 1`, ` 1 `, ""},
		{`true`, ``, ReasonBodyNotJSON},
		{`true`, `{"a":1} {"b":2}`, ReasonBodyNotJSON},
		{`true`, `{"a":1`, ReasonBodyNotJSON},
		{`true`, `<html>`, ReasonBodyNotJSON},
		{`true`, `1e999`, ReasonBodyNotJSON},
		{`true`, `"` + strings.Repeat("a", MaxBody) + `"`, ReasonBodyTooLarge},
		{`body.all(a, a.ok)`, "[" + strings.Repeat(`{"ok":true},`, 20_000) + `{"ok":true}]`, ""},
		{`body.all(a, body.all(b, body.all(c, a == c)))`, "[" + strings.Repeat("1,", 2000) + "1]", ReasonCheckTooCostly},
		{`body.all(a, body == body)`, `[` + strings.Repeat("[1],", 60_000) + "1]", ReasonCheckTooCostly},
	} {
		e, err := f.newExpression(c.expression)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		reason, message := "", ""
		if fault := e.judge(context.Background(), []byte(c.body)); fault != nil {
			reason, message = fault.reason, fault.message
		}
		if reason != c.reason {
			t.Errorf("%s on %.40s: reason %q, want %q (%s)", c.expression, c.body, reason, c.reason, message)
		}
	}
}

// TestExpressionIsCalledOff: an evaluation ends with the check.
func TestExpressionIsCalledOff(t *testing.T) {
	e, err := NewFactory(Options{}).newExpression("body.all(a, body.all(b, body.all(c, a == c)))")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	fault := e.judge(ctx, []byte("["+strings.Repeat("1,", 300)+"1]"))
	if fault == nil || fault.reason != ReasonCheckTooCostly {
		t.Errorf("fault is %+v", fault)
	}
}

func TestPatterns(t *testing.T) {
	f := NewFactory(Options{})
	hay := strings.Repeat("hay ", MaxBody/4)
	for _, c := range []struct{ pattern, body, reason string }{
		{"needle", "a needle here", ""},
		{"^needle", "a needle here", ReasonBodyMismatch},
		{"(?i)NEEDLE", "needle", ""},
		{`\d{3}`, "ab 123", ""},
		{"^$", "", ""},
		{"needle", hay, ReasonBodyMismatch},
		{"(hay ){20}h", hay, ""},
		{"ü+", "für", ""},
	} {
		p, err := f.newPattern(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		reason := ""
		if fault := p.judge(context.Background(), []byte(c.body)); fault != nil {
			reason = fault.reason
		}
		if reason != c.reason {
			t.Errorf("%s on %.20q: reason %q, want %q", c.pattern, c.body, reason, c.reason)
		}
	}
}

// TestPatternIsBounded: the worst pattern that is allowed on the longest body
// ends in time, and says why.
func TestPatternIsBounded(t *testing.T) {
	p, err := NewFactory(Options{}).newPattern("(a?){120}(a?){120}b")
	if err != nil {
		t.Fatal(err)
	}
	if p.size < maxPatternSize*9/10 {
		t.Errorf("the pattern has %d instructions: not the worst", p.size)
	}
	body := []byte(strings.Repeat("a", MaxBody))
	begun := time.Now()
	fault := p.judge(context.Background(), body)
	if fault == nil || fault.reason != ReasonCheckTooCostly && fault.reason != ReasonBodyMismatch {
		t.Errorf("fault is %+v", fault)
	}
	if took := time.Since(begun); took > 10*maxWork {
		t.Errorf("matching took %v", took)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if fault := p.judge(ctx, body); fault == nil || fault.reason != ReasonCheckTooCostly {
		t.Errorf("fault of a check that ended is %+v", fault)
	}
}

func TestPrintable(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"plain", 10, "plain"},
		{"ten letters", 11, "ten letters"},
		{"eleven letters", 11, "eleven l…"},
		{"a\r\n\tb\x00c\x1b[31m", 20, "a b c [31m"},
		{"  around  ", 20, "around"},
		{"a\u202egnp.exe", 20, "a gnp.exe"},
		{"a\xffb", 20, "a b"},
		{"Größe", 6, "Gr…"},
		{"abc", 2, "ab"},
		{"", 5, ""},
	} {
		if got := printable(c.in, c.limit); got != c.want {
			t.Errorf("printable(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text")
		limit := rapid.IntRange(0, 40).Draw(t, "limit")
		got := printable(in, limit)
		if len(got) > limit || !utf8.ValidString(got) || got != strings.TrimSpace(got) {
			t.Fatalf("printable(%q, %d) = %q", in, limit, got)
		}
		for _, r := range got {
			if !unicode.IsPrint(r) {
				t.Fatalf("printable(%q, %d) = %q", in, limit, got)
			}
		}
		if again := printable(got, limit); again != got {
			t.Fatalf("printable is not stable: %q, then %q", got, again)
		}
	})
}

// TestShared: one copy while somebody uses it, none afterwards.
func TestShared(t *testing.T) {
	var s shared[pattern]
	made := 0
	get := func() *pattern {
		p, err := s.get("key", func() (*pattern, error) { made++; return &pattern{size: made}, nil })
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	first, second := get(), get()
	if first != second || made != 1 || s.len() != 1 {
		t.Errorf("%d made, %d kept", made, s.len())
	}
	runtime.KeepAlive(first)
	runtime.KeepAlive(second)
	late := time.Now().Add(10 * time.Second)
	for s.len() > 0 && time.Now().Before(late) {
		runtime.GC()
	}
	if s.len() != 0 {
		t.Error("a value that nobody uses is kept")
	}
	if get(); made != 2 {
		t.Errorf("%d made after the first went", made)
	}
	failure := errors.New("no")
	if _, err := s.get("other", func() (*pattern, error) { return nil, failure }); !errors.Is(err, failure) {
		t.Errorf("error is %v", err)
	}
}
