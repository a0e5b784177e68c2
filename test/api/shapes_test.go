// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"strings"
)

// shape is what a field may hold, said by example.
type shape struct {
	good []any
	bad  []wrong
	// more are values that are tried at one field of the shape, not at each.
	moreGood []any
	moreBad  []wrong
}

// inFull is the shape with all its values. One field of each shape has it.
func inFull(s shape) shape {
	return shape{good: append(s.moreGood, s.good...), bad: append(s.moreBad, s.bad...)}
}

// nots are wrong values that do not depend on the old one, all for the same
// reason.
func nots(words string, values ...any) []wrong {
	bad := make([]wrong, len(values))
	for i, v := range values {
		bad[i] = no(v, words)
	}
	return bad
}

// wrong is a value that a field must not take.
type wrong struct {
	// value, made from the one that the field has.
	value func(old any) any
	// at is where below the field the server should see the fault.
	at string
	// words of the server's message.
	words string
}

// no is a wrong value that does not depend on the old one.
func no(value any, words string) wrong {
	return wrong{value: func(any) any { return value }, words: words}
}

// refusing is the shape without its good values, for a field in which another
// rule leaves fewer.
func refusing(s shape) shape { return shape{bad: s.bad} }

// fields is an object: what it may hold is said of its fields.
var fields shape

// text is free text of min to max characters, umlauts counted as one.
func text(minimum, maximum int) shape {
	s := shape{
		good: []any{strings.Repeat("ä", maximum)},
		bad:  []wrong{no(strings.Repeat("a", maximum+1), "Too long: may not be more than")},
	}
	if minimum > 0 {
		s.bad = append(s.bad, no(strings.Repeat("a", minimum-1), "chars long"))
	}
	return s
}

// matching is a string of a pattern with its length. Of the bad values each
// breaks the pattern.
func matching(minimum, maximum int, good, bad []string) shape {
	s := shape{bad: []wrong{
		no(strings.Repeat("a", maximum+1), "Too long"),
		no(strings.Repeat("a", minimum-1), "chars long"),
	}}
	s.good, s.bad = append(s.good, good[0]), append(s.bad, no(bad[0], "should match"))
	for _, v := range good[1:] {
		s.moreGood = append(s.moreGood, v)
	}
	for _, v := range bad[1:] {
		s.moreBad = append(s.moreBad, no(v, "should match"))
	}
	return s
}

// oneOf is one of the words, and no other, nor the word in another case.
func oneOf(words ...any) shape {
	return shape{good: words, bad: nots("Unsupported value", swapCase(words[0].(string)), "")}
}

// swapCase is the word with its first letter in the other case.
func swapCase(word string) string {
	if upper := strings.ToUpper(word[:1]) + word[1:]; upper != word {
		return upper
	}
	return strings.ToLower(word[:1]) + word[1:]
}

// whole is a whole number of minimum to maximum.
func whole(minimum, maximum int64) shape {
	return shape{good: []any{minimum, maximum}, bad: []wrong{
		no(minimum-1, fmt.Sprintf("should be greater than or equal to %d", minimum)),
		no(maximum+1, fmt.Sprintf("should be less than or equal to %d", maximum)),
		no(0.5, "must be of type int"),
	}}
}

// atLeast is a whole number that is not less than minimum.
func atLeast(minimum int64) shape {
	return shape{good: []any{minimum}, bad: []wrong{
		no(minimum-1, fmt.Sprintf("should be greater than or equal to %d", minimum)),
	}}
}

// items is a list in which an item may stand twice.
func items(minimum, maximum int) shape {
	s := shape{bad: []wrong{{
		value: func(old any) any { return repeat(old, maximum+1) },
		words: fmt.Sprintf("must have at most %d items", maximum),
	}}}
	if minimum > 0 {
		s.bad = append(s.bad, no([]any{}, "should have at least"))
	}
	return s
}

// unique is a list in which each item stands once.
func unique(minimum, maximum int) shape {
	s := items(minimum, maximum)
	s.bad = append(s.bad, wrong{
		value: func(old any) any { return append(repeat(old, 1), old.([]any)[0]) },
		at:    "[1]",
		words: "Duplicate value",
	})
	return s
}

// keyed is a list in which each key stands once.
func keyed(minimum, maximum int) shape { return unique(minimum, maximum) }

// repeat is a list of n times the first item.
func repeat(old any, n int) []any {
	repeated := make([]any, n)
	for i := range repeated {
		repeated[i] = old.([]any)[0]
	}
	return repeated
}

// entries is a map of at most so many entries, like those it has.
func entries(maximum int) shape {
	return shape{bad: []wrong{{
		value: func(old any) any {
			m := map[string]any{}
			for _, v := range old.(map[string]any) {
				for i := range maximum + 1 {
					m[fmt.Sprintf("k%d", i)] = v
				}
			}
			return m
		},
		words: fmt.Sprintf("must have at most %d", maximum),
	}}}
}

// Shapes that fields of several kinds share.
var (
	count    = atLeast(0)
	anyWhole = shape{good: []any{int64(-1)}, bad: []wrong{no("1", "must be of type int")}}
	yesNo    = shape{good: []any{true, false}, bad: []wrong{no("yes", "must be of type boolean")}}

	// instant is a moment that the operator writes: Go must be able to decode
	// what the server accepts.
	instant = shape{
		good:    []any{"2026-11-01T08:00:00Z"},
		bad:     []wrong{no("yesterday", "must be of type date-time"), no("2026-11-01t08:00:00z", "should match")},
		moreBad: nots("should match", "2026-11-01T08:00:00x5Z", "2026-11-01T08:00:00+99:00"),
	}

	duration = shape{
		good: []any{"1h30m"},
		bad: []wrong{
			no("30d", "should match"),
			no("s", "at least 2 chars long"),
			no("1h1m1s1ms1h1m1s1ms1h1", "Too long"),
		},
		moreGood: []any{"500ms", "1s", "90m", "1.5h", "720h0m0s", "0s"},
		moreBad: append(nots("should match", "1w", "15", "-5m", "+5m", "1h 30m", "1,5h", "10us", "1H", ".5h", "1m1h", "1h1h", "2600000h", "99999999h"),
			no(int64(60), "must be of type string")),
	}
	date = shape{
		good: []any{"2028-02-29"},
		bad: []wrong{
			no("2026-02-30", "must be of type date"),
			no("2026-13-01", "should match"),
			no("2026-1-1", "at least 10 chars long"),
			no("2026-01-01T00:00:00Z", "Too long"),
		},
		moreGood: []any{"2026-02-28", "0001-01-01", "9999-12-31"},
		moreBad: []wrong{
			no("2026-02-29", "must be of type date"),
			no("2026-04-31", "must be of type date"),
			no("2026-00-10", "should match"),
			no("2026-10-00", "should match"),
			no("2026-10-32", "should match"),
			no("31.12.2026", "should match"),
			no("20260-12-1", "should match"),
			no("tomorrow", "at least 10 chars long"),
		},
	}
	moment = shape{
		good: []any{"2026-03-31T18:00:00+02:00"},
		bad: []wrong{
			no("2026-02-30T00:00:00Z", "must be of type date-time"),
			no("2026-03-31T24:00:00Z", "should match"),
			no("2026-03-31", "at least 20 chars long"),
			no("2026-03-31T18:00:00.12345678901+02:00", "Too long"),
		},
		moreGood: []any{"2026-03-31T16:00:00.123456789Z", "2026-03-31T23:59:59-11:30"},
		moreBad: nots("should match", "2026-03-31T18:00:00.0", "2026-03-31t18:00:00z", "2026-03-31T18:60:00Z", "2026-03-31T18:00:60Z",
			"2026-03-31 18:00:00Z", "2026-03-31T18:00:00+0200", "2026-03-31T18:00:00,5Z"),
	}
	percentage = shape{
		good: []any{"99.95"},
		bad: []wrong{
			no("100.1", "should match"),
			no("", "at least 1 chars long"),
			no("100.000000", "Too long"),
		},
		moreGood: []any{"0", "95", "99.99999", "100", "100.00000"},
		moreBad: append(nots("should match", "101", "99,5", "99.5%", "-1", ".5", "99.", "1e1", "99.123456", "100.00001"),
			no(99.9, "must be of type string")),
	}
	timeZone = shape{
		good: []any{"UTC"},
		bad: []wrong{
			no("Europe/Mainz", "timeZone must be a name of the IANA time zone database"),
			no("+01:00", "should match"),
			no("", "at least 1 chars long"),
			no(strings.Repeat("a", 65), "Too long"),
		},
		moreGood: []any{"Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+1"},
		moreBad: []wrong{
			no("Local", "timeZone must be a name of the IANA time zone database"),
			no("CEST", "timeZone must be a name of the IANA time zone database"),
			no("../../etc/passwd", "should match"),
		},
	}
	schedule = matching(9, 128,
		[]string{"0 18 * * 2", "*/15 6-18 1,15 * MON-FRI"},
		[]string{"00 18 * *", "0 0 18 * * 2", "@weekly.......", "0 18 * * 2;", "CRON_TZ=UTC 0 18 * * 2"})
	timeOfDay = matching(5, 5,
		[]string{"06:59", "23:59"},
		[]string{"24:01", "25:00", "12:60", "07.00"})
	objectName  = matching(1, 63, []string{"a", "kdz-16.03"}, []string{"KDZ", "-a", "a-", "a_b", "a/b"})
	label       = matching(1, 63, []string{"a", "kdz-16"}, []string{"KDZ", "-a", "a-", "a.b", "a/b"})
	email       = matching(3, 254, []string{"a@b", "it-service@stadt.example.org"}, []string{"example.org", "a@b@c", "a b@c"})
	contentHash = contentHashes()
	headerName  = matching(1, 128, []string{"X-Forwarded-Proto"}, []string{"X Y", "X:Y", "Ü"})
	headerValue = matching(1, 1024, []string{"Bearer a; b=c"}, []string{"a\r\nb", "ä"})
	secretKey   = matching(1, 253, []string{"tls.crt", "API_key-1"}, []string{"a/b", "a b"})
	sapHost     = matching(1, 253, []string{"SAP01", "127.0.0.1", "fe80:a"}, []string{"-a", "a/b", "a@b"})
	sapNumber   = matching(2, 2, []string{"00", "97"}, []string{"98", "99", "A1"})
	sapSystem   = matching(3, 3, []string{"P01", "ABC"}, []string{"p01", "1AB", "A-1"})
	statusRange = statusRanges()
	// fingerprint of an SSH host key.
	fingerprint = matching(50, 50, []string{anyFingerprint, "SHA256:" + strings.Repeat("+", 43)},
		[]string{"sha256:" + strings.Repeat("a", 43), "SHA256:" + strings.Repeat("=", 43), "MD5:" + strings.Repeat("a", 46)})
)

func contentHashes() shape {
	digest := strings.Repeat("0f", 32)
	return matching(67, 68, []string{"v1:" + digest, "v12:" + digest},
		[]string{"v0:" + digest, "v1:" + strings.ToUpper(digest), "x1:" + digest})
}

func statusRanges() shape {
	s := matching(3, 7, []string{"404", "200-299", "200-200"}, []string{"600", "2xx", "099", "200 299", "200-"})
	s.bad = append(s.bad, no("299-200", "a range of statuses begins with the lower one"))
	return s
}

// httpURL is the URL of something that is asked over HTTP.
var httpURL = shape{
	good: []any{"http://a"},
	bad: []wrong{
		no("ftp://example.org/", "must be an http or https URL with a host"),
		no("http://user@example.org/", "must not hold a user or password"),
		no("http://example.org/#part", "must not hold a fragment"),
		no("http://example.org:0/", "must be a number of 1 to 65535"),
		no("http://", "chars long"),
		no("http://example.org/"+strings.Repeat("a", 1024), "Too long"),
	},
	moreGood: []any{"https://example.org/metrics?x=1", "http://127.0.0.1:1/", "http://[::1]:65535/", "HTTP://EXAMPLE.ORG/"},
	moreBad: append(append(
		nots("must be an http or https URL with a host", "example.org/metrics", "http:///metrics", "http://a:b/", "http:example.org/"),
		nots("must be a number of 1 to 65535", "http://example.org:65536/", "http://example.org:99999/", "http://example.org:00080", "http://example.org:/")...),
		nots("must not hold a user or password", "http://user:secret@example.org/", "http://a%2Fb@example.org/")...),
}
