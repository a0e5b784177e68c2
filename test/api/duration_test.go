// SPDX-License-Identifier: Apache-2.0

package api

import (
	"regexp"
	"strings"
	"testing"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"pgregory.net/rapid"
)

// durationPattern is the pattern that every duration of the definitions has.
func durationPattern(tb testing.TB) string {
	tb.Helper()
	pattern := ""
	for _, crd := range definitions(tb) {
		walk("", schemaOf(crd), false, func(path string, s *apiextensionsv1.JSONSchemaProps, _ bool) {
			if crd.Spec.Names.Kind == "Application" && path == "spec.backup.maxAge" {
				pattern = s.Pattern
			}
		})
	}
	if pattern == "" {
		tb.Fatal("spec.backup.maxAge of an Application has no pattern")
	}
	return pattern
}

// TestDurationsParse shows that Go parses every duration that the schema lets
// pass, however it is written.
func TestDurationsParse(t *testing.T) {
	t.Parallel()
	anyDuration := rapid.StringMatching(durationPattern(t)).Filter(func(s string) bool { return len(s) >= 2 })
	rapid.Check(t, func(t *rapid.T) {
		text := anyDuration.Draw(t, "duration")
		if _, err := time.ParseDuration(text); err != nil {
			t.Fatalf("%q passes the schema, but: %v", text, err)
		}
	})
	const longest = "999999h9999999m99999999s99999999ms"
	if !regexp.MustCompile(durationPattern(t)).MatchString(longest) {
		t.Errorf("%s is not the longest duration any more", longest)
	}
	if _, err := time.ParseDuration(longest); err != nil {
		t.Error(err)
	}
}

var converted = regexp.MustCompile(`duration\((self\.\w+)\)`)

// TestRulesLetPassWhatIsNoDuration shows that no rule converts a field before
// it has looked whether that can be done: a rule that cannot be evaluated
// refuses every write of an object that was stored before the pattern.
func TestRulesLetPassWhatIsNoDuration(t *testing.T) {
	t.Parallel()
	conversions := 0
	for _, crd := range definitions(t) {
		walk("", schemaOf(crd), false, func(path string, s *apiextensionsv1.JSONSchemaProps, _ bool) {
			for _, rule := range s.XValidations {
				for _, field := range converted.FindAllStringSubmatch(rule.Rule, -1) {
					conversions++
					if !strings.Contains(rule.Rule, field[1]+".matches(") {
						t.Errorf("%s: %s: the rule %q converts %s unseen", crd.Spec.Names.Kind, path, rule.Message, field[1])
					}
				}
			}
		})
	}
	if conversions < 10 {
		t.Errorf("found only %d conversions: does the walk see all rules?", conversions)
	}
}
