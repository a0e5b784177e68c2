// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"strings"

	openreports "github.com/openreports/reports-api/apis/openreports.io/v1alpha1"
	corev1 "k8s.io/api/core/v1"

	"kdz.mainz.de/operator/internal/tell/status"
)

// Bounds of what is told of a finding, in bytes. What is longer is cut: a
// report must stay small enough to be written whatever people put into the
// objects that it is about.
const (
	maxMessage  = 1024
	maxProperty = 256
)

// Names of properties that findings have beside their own.
const (
	// propertyItem is which of several things of the subject it is about.
	propertyItem = "item"
	// propertyRemedy says what to do.
	propertyRemedy = "remedy"
)

// Finding is what is told: a result of a report.
type Finding struct {
	// Policy, Rule and Category name what was asked.
	Policy, Rule, Category string
	// Severity is critical, high, medium, low or info.
	Severity string
	// Result is pass, fail, warn or skip.
	Result string
	// Subject that it is about.
	Subject corev1.ObjectReference
	// Item is which of several things of the subject it is about.
	Item string
	// Message says what was found, Remedy what to do about it.
	Message, Remedy string
	// Properties are details.
	Properties map[string]string
}

// result is a finding as a report holds it, without its time.
func (f *Finding) result() openreports.ReportResult {
	r := openreports.ReportResult{
		// A result without a source of its own would be read as one of source
		// "", not as one of the report's.
		Source:      Source,
		Policy:      f.Policy,
		Rule:        f.Rule,
		Category:    f.Category,
		Severity:    openreports.ResultSeverity(f.Severity),
		Result:      openreports.Result(f.Result),
		Scored:      f.Result == resultFail || f.Result == resultPass,
		Subjects:    []corev1.ObjectReference{f.Subject},
		Description: bounded(f.Message, maxMessage),
	}
	f.eachProperty(func(name, value string) { r.Properties = with(r.Properties, name, value) })
	return r
}

// eachProperty hands on the properties as they are told, in any order; one that
// is empty is none.
func (f *Finding) eachProperty(do func(name, value string)) {
	for name := range f.Properties {
		if value := f.property(name); value != "" {
			do(name, value)
		}
	}
	for _, name := range [...]string{propertyItem, propertyRemedy} {
		if value := f.property(name); value != "" {
			do(name, value)
		}
	}
}

// property is the value of a property as it is told. Two have a field of their
// own.
func (f *Finding) property(name string) string {
	switch name {
	case propertyItem:
		return bounded(f.Item, maxProperty)
	case propertyRemedy:
		return bounded(f.Remedy, maxMessage)
	}
	return bounded(f.Properties[name], maxProperty)
}

const (
	// overhead of a result as JSON: the names of its fields, its source, its
	// time, and what belongs to a reference.
	overhead = 512
	// perProperty are the quotation marks, colon and comma of a property.
	perProperty = 6
)

// size is how many bytes a finding has as JSON at most.
func (f *Finding) size() int {
	n := overhead + encoded(bounded(f.Message, maxMessage)) +
		len(f.Policy) + len(f.Rule) + len(f.Category) +
		len(f.Subject.APIVersion) + len(f.Subject.Kind) + len(f.Subject.Namespace) + len(f.Subject.Name) + len(f.Subject.UID)
	f.eachProperty(func(name, value string) { n += perProperty + encoded(name) + encoded(value) })
	return n
}

// encoded is how many bytes a text has as JSON at most: control characters,
// those of HTML and the two line separators of Unicode (which begin with 0xE2)
// become six, a quotation mark and a backslash two.
func encoded(s string) int {
	n := len(s)
	for i := range len(s) {
		switch c := s[i]; {
		case c < 0x20, c == '<', c == '>', c == '&', c == 0x7f, c == 0xe2:
			n += 5
		case c == '"', c == '\\':
			n++
		}
	}
	return n
}

// bounded cuts a text, and makes it one that JSON can hold: the API server
// would give back another text than was written, and another digest.
func bounded(s string, limit int) string {
	return status.Shorten(strings.ToValidUTF8(s, "\uFFFD"), limit)
}

// identity is what makes a result the same one as before, even though its
// message may have changed.
type identity struct {
	policy, rule, item string
	result             openreports.Result
	subject            corev1.ObjectReference
}

func identityOf(r *openreports.ReportResult) identity {
	id := identity{policy: r.Policy, rule: r.Rule, item: r.Properties[propertyItem], result: r.Result}
	if len(r.Subjects) > 0 {
		id.subject = r.Subjects[0]
	}
	return id
}

// Results, as openreports.io knows them.
const (
	resultPass = "pass"
	resultFail = "fail"
	resultWarn = "warn"
	resultSkip = "skip"
)

// summarise counts results.
func summarise(results []openreports.ReportResult) openreports.ReportSummary {
	var s openreports.ReportSummary
	for i := range results {
		switch results[i].Result {
		case resultPass:
			s.Pass++
		case resultFail:
			s.Fail++
		case resultWarn:
			s.Warn++
		case resultSkip:
			s.Skip++
		default:
			s.Error++
		}
	}
	return s
}
