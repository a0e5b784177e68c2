// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDetail bounds a detail within a message, in bytes, so that the sentence
// around it fits into observe.MaxMessageLength.
const maxDetail = 120

const ellipsis = "…"

// Printable is how text that others chose, such as a server's, becomes part of a
// message: in one line of at most limit bytes of valid UTF-8, with nothing that
// is not printable, and an ellipsis if something was left out at the end.
func Printable(s string, limit int) string { return printable(s, limit) }

// printable returns s in one line of at most limit bytes of valid UTF-8: what
// is not printable (control, format and bidirectional characters included) and
// runs of white space become one space; what is too long ends in an ellipsis,
// if the limit has room for one.
func printable(s string, limit int) string {
	var b strings.Builder
	cut := 0 // length up to which an ellipsis would still fit
	space := false
	for _, r := range s {
		if r == utf8.RuneError || !unicode.IsPrint(r) || unicode.IsSpace(r) {
			space = b.Len() > 0
			continue
		}
		need := utf8.RuneLen(r)
		if space {
			need++
		}
		if b.Len()+need > limit {
			return shorten(b.String(), cut, limit)
		}
		if space {
			b.WriteByte(' ')
			space = false
		}
		b.WriteRune(r)
		if b.Len()+len(ellipsis) <= limit {
			cut = b.Len()
		}
	}
	return b.String()
}

func shorten(s string, cut, limit int) string {
	if limit < len(ellipsis) {
		return s
	}
	return s[:cut] + ellipsis
}
