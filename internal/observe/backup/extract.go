// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// maxText bounds a text that is kept of an object, in bytes: names are no
// longer.
const maxText = 253

// fields reads an object of any shape: what is not there, or not of the type
// that it should be, is nothing.
type fields struct {
	object map[string]any
	// flaw is the first field that holds something else than it should.
	flaw string
}

func fieldsOf(u *unstructured.Unstructured) *fields { return &fields{object: u.Object} }

func (f *fields) at(path ...string) any {
	value, found, err := unstructured.NestedFieldNoCopy(f.object, path...)
	if err != nil || !found {
		return nil
	}
	return value
}

// text returns a text, as a copy that does not hold the object.
func (f *fields) text(path ...string) string {
	s, _ := f.at(path...).(string)
	return kept(s)
}

func (f *fields) flag(path ...string) bool {
	b, _ := f.at(path...).(bool)
	return b
}

// list returns the texts of a list.
func (f *fields) list(path ...string) []string {
	items, _ := f.at(path...).([]any)
	var texts []string
	for _, item := range items {
		if s, ok := item.(string); ok {
			texts = append(texts, kept(s))
		}
	}
	return texts
}

// moment returns a time in UTC; zero if there is none, or none that can be read:
// then it is noted as the flaw.
func (f *fields) moment(path ...string) time.Time {
	value := f.at(path...)
	if value == nil {
		return time.Time{}
	}
	s, _ := value.(string)
	if t, ok := parseMoment(s); ok {
		return t
	}
	if f.flaw == "" {
		f.flaw = fmt.Sprintf("%s is %q; it has to be a time such as 2026-03-31T02:00:00Z", strings.Join(path, "."), shorten(fmt.Sprint(value)))
	}
	return time.Time{}
}

// parseMoment reads RFC 3339. Times before 1970 and after 9999 are none.
func parseMoment(s string) (time.Time, bool) {
	// What is longer than nanoseconds with an offset is not worth a look.
	if len(s) > len(time.RFC3339Nano) {
		return time.Time{}, false
	}
	t, err := time.Parse(time.RFC3339, s)
	t = t.UTC()
	return t, err == nil && t.Unix() > 0 && t.Year() <= 9999
}

// condition is one of status.conditions.
type condition struct {
	status, reason string
	// since is when status became what it is.
	since time.Time
}

// condition returns the condition of that type; the zero one if there is none.
func (f *fields) condition(kind string) condition {
	items, _ := f.at("status", "conditions").([]any)
	for _, item := range items {
		c, _ := item.(map[string]any)
		if s, _ := c["type"].(string); s != kind {
			continue
		}
		one := &fields{object: c}
		return condition{one.text("status"), one.text("reason"), one.moment("lastTransitionTime")}
	}
	return condition{}
}

// owner returns the name of the owner of that group and kind; empty if
// there is none.
func (f *fields) owner(group, kind string) string {
	items, _ := f.at("metadata", "ownerReferences").([]any)
	for _, item := range items {
		o, _ := item.(map[string]any)
		one := &fields{object: o}
		if strings.HasPrefix(one.text("apiVersion"), group+"/") && one.text("kind") == kind {
			return one.text("name")
		}
	}
	return ""
}

// kept returns a text that is bounded and holds nothing else in memory.
func kept(s string) string {
	if len(s) > maxText {
		s = s[:maxText]
	}
	return strings.Clone(s)
}

// maxQuote bounds what a message quotes, in bytes.
const maxQuote = 60

// shorten returns a text as a message quotes it.
func shorten(s string) string {
	const ellipsis = "…"
	if len(s) <= maxQuote {
		return s
	}
	return strings.ToValidUTF8(s[:maxQuote-len(ellipsis)], "") + ellipsis
}
