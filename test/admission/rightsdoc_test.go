// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rightsPage tells people what the roles are.
const rightsPage = root + "/docs/rights.md"

func readRightsPage(t *testing.T) string {
	t.Helper()
	raw, err := os.ReadFile(rightsPage)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// quotedRight is a right as the page writes it.
var quotedRight = regexp.MustCompile("`([a-z]+/[a-z]+)`")

func rightsIn(text string) []right {
	var rights []right
	for _, m := range quotedRight.FindAllStringSubmatch(text, -1) {
		rights = append(rights, right(m[1]))
	}
	slices.Sort(rights)
	return rights
}

// The page's tables name each right, and for each role those that it holds.
func TestRightsPageSaysWhatRolesHold(t *testing.T) {
	t.Parallel()
	named := sets.New[right]()
	roles := map[string][]right{}
	for line := range strings.Lines(readRightsPage(t)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 4 {
			continue
		}
		if role, ok := strings.CutPrefix(strings.Trim(cells[1], " `"), rolePrefix); ok {
			roles[role] = rightsIn(cells[len(cells)-2])
			continue
		}
		named.Insert(rightsIn(cells[1])...)
	}
	if diff := cmp.Diff(rightsOfRoles, roles); diff != "" {
		t.Errorf("roles (-there are +named)\n%s", diff)
	}
	if diff := cmp.Diff(allRights(), sets.List(named)); diff != "" {
		t.Errorf("rights (-there are +named)\n%s", diff)
	}
}

// What people copy from the page is accepted.
func TestRightsPageExamplesApply(t *testing.T) {
	t.Parallel()
	blocks := strings.Split(readRightsPage(t), "```yaml\n")[1:]
	if len(blocks) < 5 {
		t.Fatalf("%d examples on the page", len(blocks))
	}
	for _, block := range blocks {
		content, _, _ := strings.Cut(block, "```")
		file := filepath.Join(t.TempDir(), "example.yaml")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		objects, err := readObjects(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			mustAccept(t, admin(t).Create(t.Context(), o, client.DryRunAll, client.FieldValidation("Strict")))
		}
	}
}
