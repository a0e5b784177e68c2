// SPDX-License-Identifier: Apache-2.0

package text_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/text"
)

// Nothing that an object says is obeyed by a terminal.
func TestWhatObjectsSayIsPrinted(t *testing.T) {
	for given, want := range map[string]struct{ line, lines string }{
		"Bürozeit ✓":                        {"Bürozeit ✓", "Bürozeit ✓"},
		"a\nb\tc\rd":                        {"a b c d", "a\nb\tcd"},
		"\x1b[2Jgone\x1b]0;title\a":         {"[2Jgone]0;title", "[2Jgone]0;title"},
		"\u009b31mred\u007f":                {"31mred", "31mred"},
		"\x9b31m":                           {"\ufffd31m", "\ufffd31m"},
		"paid \u202eoot\u202c\u2066x\u200f": {"paid ootx", "paid ootx"},
	} {
		if got := text.OneLine(given); got != want.line {
			t.Errorf("OneLine(%q) = %q, want %q", given, got, want.line)
		}
		if got := text.Printable(given); got != want.lines {
			t.Errorf("Printable(%q) = %q, want %q", given, got, want.lines)
		}
	}
}

func TestTable(t *testing.T) {
	table := &text.Table{}
	table.Row("✓", "a", "long cell")
	table.Note("below\nit")
	table.Row("é", "bc", "")
	const want = "✓   a    long cell\n    below it\né   bc\n"
	if got := table.String(); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestMoment(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for want, given := range map[string]*metav1.Time{
		"-":                        nil,
		"2026-06-18 11:30:00 CEST": {Time: time.Date(2026, 6, 18, 9, 30, 0, 0, time.UTC)},
	} {
		if got := text.Moment(given, berlin); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
