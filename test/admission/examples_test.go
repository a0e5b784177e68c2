// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// asker is an ordinary editor whom RBAC also lets create Exemptions and
// ServiceLevels, so that it is the schema and the door that answer.
func asker(t *testing.T, rights ...right) user {
	t.Helper()
	return as(t, "editor@example.org", []string{roleEditor, roleAsker}, rights...)
}

// example reads the object of a file, and what its first line expects.
func example(t *testing.T, file string) (o *unstructured.Unstructured, expect string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)^#.*expect: (.*)$`).FindSubmatch(raw)
	if match == nil {
		t.Fatalf("%s does not say what to expect", file)
	}
	objects, err := readObjects(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return objects[0], string(match[1])
}

// TestInvalidExamples shows that an ordinary editor is told what the examples'
// comments say.
func TestInvalidExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/invalid/*.yaml")
	if err != nil || len(files) < 14 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			o, expect := example(t, filepath.Join("invalid", filepath.Base(file)))
			err := asker(t).try(create, o)
			if err == nil {
				t.Fatal("accepted; it should be refused:", expect)
			}
			if !strings.Contains(err.Error(), expect) {
				t.Errorf("want %q in: %v", expect, err)
			}
		})
	}
}

// TestExamples shows that what is allowed by name and what is exempt is
// accepted from an ordinary user, and who may grant.
func TestExamples(t *testing.T) {
	t.Parallel()
	schools, _ := example(t, "05-schools.yaml")
	mustAccept(t, editor(t).try(create, schools))

	granted, _ := example(t, "06a-exemption.yaml")
	mustRefuse(t, asker(t).try(create, granted), "exemptions", messageExemption("grant", "amt-33"))
	mustAccept(t, as(t, "steering-round@example.org", []string{roleAsker}, mayGrant).try(create, granted))
	mustRefuse(t, as(t, "other@example.org", []string{roleAsker}, mayGrant).try(create, granted), "exemptions", messageOwnName("other@example.org"))

	exempted, _ := example(t, "06b-exempted.yaml")
	mustRefuse(t, editor(t).try(create, exempted), "applications", messageDecentral)
	index(t, map[string]string{"amt-33/wahlhelfer-app": "2027-12-31T23:00:00Z"})
	mustAccept(t, editor(t).try(create, exempted))
	index(t, map[string]string{"amt-33/wahlhelfer-app": "2026-10-31T23:00:00Z"})
	mustRefuse(t, editor(t).try(create, exempted), "applications", messageDecentral)
}
