// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// refusal is what the API server must say when it refuses an object.
type refusal struct {
	// field that the server names.
	field string
	// words that its message holds.
	words string
}

// mustBeRefused checks that err is a refusal, that one of its causes is the
// wanted one, and that all the others belong to the same fault: they are about
// the same field or one around or within it. It returns the causes.
func mustBeRefused(tb testing.TB, err error, want refusal) []metav1.StatusCause {
	tb.Helper()
	if err == nil {
		tb.Fatalf("accepted; it should be refused at %s with %q", want.field, want.words)
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		tb.Fatalf("want a refusal at %s with %q, got: %v", want.field, want.words, err)
	}
	causes := status.Status().Details.Causes
	found := false
	for _, cause := range causes {
		if cause.Field == want.field && strings.Contains(cause.Message, want.words) {
			found = true
			continue
		}
		if isConsequence(cause) || related(cause.Field, want.field) {
			continue
		}
		tb.Errorf("refused for something else, too: %s: %s", cause.Field, cause.Message)
	}
	if !found {
		tb.Fatalf("want a refusal at %s with %q, got: %v", want.field, want.words, err)
	}
	return causes
}

// isConsequence says whether a cause only reports that the server stopped
// checking, since something else is wrong.
func isConsequence(cause metav1.StatusCause) bool {
	return strings.Contains(cause.Message, "some validation rules were not checked") ||
		strings.Contains(cause.Message, "Checked value must be of type")
}

// related says whether one field is the other, is around it or within it.
func related(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	rest, ok := strings.CutPrefix(b, a)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// keywords tells from a cause's message which keyword of the schema refused. A
// message of none of these is that of a rule.
var keywords = []struct{ words, keyword string }{
	{"should match", "pattern"},
	{"must be of type date", "format"},
	{"must be of type", "type"},
	{"Unsupported value", "enum"},
	{"should be at least", "minLength"},
	{"Too long", "maxLength"},
	{"should be greater than or equal to", "minimum"},
	{"should be less than or equal to", "maximum"},
	{"should have at least", "minItems"},
	{"Too many", "maxItems/maxProperties"},
	{"Required value", "required"},
	{"Duplicate value", "unique"},
}

func keyword(message string) string {
	for _, k := range keywords {
		if strings.Contains(message, k.words) {
			return k.keyword
		}
	}
	return "rule"
}

// exercised collects what refused something, and where.
type exercised struct {
	mutex sync.Mutex
	// keywords by kind, field and keyword of the schema.
	keywords map[string]bool
	// messages of the server by kind and field.
	messages map[string][]string
}

var (
	index = regexp.MustCompile(`\[\d+\]`)
	// freeKeys are the maps whose keys people or the operator choose.
	freeKeys = regexp.MustCompile(`^(spec\.alerting\.labels|status\.exemptionIndex|status\.unitTreatments)\..*$`)
)

func (e *exercised) add(kind string, causes []metav1.StatusCause) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	if e.keywords == nil {
		e.keywords, e.messages = map[string]bool{}, map[string][]string{}
	}
	for _, cause := range causes {
		if isConsequence(cause) {
			continue
		}
		at := kind + " " + freeKeys.ReplaceAllString(index.ReplaceAllString(cause.Field, "[]"), "$1.*")
		e.keywords[at+" "+keyword(cause.Message)] = true
		e.messages[at] = append(e.messages[at], cause.Message)
	}
}

// refusedByKeyword says whether a keyword of the schema of a field refused
// something.
func (e *exercised) refusedByKeyword(kind, field, keyword string) bool {
	return e.keywords[kind+" "+field+" "+keyword]
}

// refusedByRule says whether the rule with the message refused something at a
// field.
func (e *exercised) refusedByRule(kind, field, message string) bool {
	return slices.ContainsFunc(e.messages[kind+" "+field], func(m string) bool { return strings.HasSuffix(m, ": "+message) })
}
