// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"strings"
	"time"
	"unicode"

	"kdz.mainz.de/operator/internal/judge/calendar"
)

// Limits of texts in the status, in bytes.
const (
	maxText = 512
	maxVoid = 256
)

// moment writes a time as clocks in Europe/Berlin show it.
func moment(t time.Time) string {
	return t.In(calendar.Location()).Format("2006-01-02 15:04:05 MST")
}

// printable makes one line of what a person wrote.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// shorten cuts a text to at most limit bytes, and shows that it did.
func shorten(s string, limit int) string {
	const ellipsis = "…"
	s = strings.ToValidUTF8(s, "")
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len(ellipsis)], "") + ellipsis
}
