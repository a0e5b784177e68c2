// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxName is how long the name of an object may be: it becomes a label value.
const maxName = 63

// namePattern is what the name of an object looks like: an RFC 1123 label.
var namePattern = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?$`)

// german are the letters and signs that German usage writes out; whatever
// else has a mark loses it.
var german = strings.NewReplacer(
	"ä", "ae", "ö", "oe", "ü", "ue", "Ä", "Ae", "Ö", "Oe", "Ü", "Ue", "ß", "ss", "ẞ", "SS",
	"&", " und ", "@", " at ",
)

// Slug makes a name of a title: "Führungszeugnis (online)" becomes
// "fuehrungszeugnis-online". The result is a valid name or empty; it is not
// shortened.
func Slug(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFD.String(german.Replace(norm.NFC.String(title))) {
		r = unicode.ToLower(r)
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(r)
		case unicode.Is(unicode.Mn, r): // a mark that NFD took off its letter
		default:
			gap = true
		}
	}
	return b.String()
}

// UnitName makes the name of an OrganisationalUnit of its number in the
// tables: "kdz-16-02-01" for 16.02.01 of the KDZ, "amt-10" for whatever else
// begins with a digit, and the number itself for the rest ("kaw").
func UnitName(number, unitType string) string {
	name := Slug(number)
	switch {
	case name == "" || name[0] < '0' || name[0] > '9':
		return name
	case unitType == "KDZ":
		return "kdz-" + name
	default:
		return "amt-" + name
	}
}

// validName says whether an object may have the name.
func validName(name string) bool {
	return len(name) <= maxName && namePattern.MatchString(name)
}
