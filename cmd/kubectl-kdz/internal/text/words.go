// SPDX-License-Identifier: Apache-2.0

package text

import (
	"strings"
	"time"
	"unicode"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// OneLine keeps what objects say on a line, and off the terminal what is not
// printed but obeyed: control characters, and those that turn the direction of
// writing, behind which a text could read otherwise than it is.
func OneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || r == '\r' {
			return ' '
		}
		return printable(r)
	}, s)
}

// Printable is OneLine for what may have several lines, such as an error.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return r
		}
		return printable(r)
	}, s)
}

// printable is the rune, or -1 if it is left out.
func printable(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
		return -1
	}
	return r
}

// Moment is a moment to the second in a time zone; a dash if there is none.
func Moment(t *metav1.Time, zone *time.Location) string {
	if t == nil || t.IsZero() {
		return "-"
	}
	return t.In(zone).Format("2006-01-02 15:04:05 MST")
}

// OrDash is the text, or a dash if it is empty.
func OrDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
