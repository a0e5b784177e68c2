// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// document that an auditor reads.
const document = "../../docs/audit.md"

// question is a command of the document and what it prints.
type question struct {
	command string
	answer  []string
}

// questions reads the blocks of the document that show a console: a line that
// begins with "$ ", lines that go on after a backslash, and what is printed.
func questions(t *testing.T) []question {
	t.Helper()
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	var found []question
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllSubmatch(content, -1) {
		var q question
		lines := strings.Split(strings.TrimSuffix(string(block[1]), "\n"), "\n")
		for len(lines) > 0 {
			q.command += lines[0] + "\n"
			goesOn := strings.HasSuffix(lines[0], `\`)
			lines = lines[1:]
			if !goesOn {
				break
			}
		}
		command, ok := strings.CutPrefix(q.command, "$ ")
		if !ok {
			t.Fatalf("a block that shows a console does not begin with a command: %s", block[1])
		}
		q.command, q.answer = command, lines
		found = append(found, q)
	}
	return found
}

// plain is a line without what differs from run to run or is there for the eye:
// the age at its end, and the width of columns.
func plain(lines []string) []string {
	age := regexp.MustCompile(`( \d+[smhd])+$`)
	var all []string
	for _, line := range lines {
		all = append(all, age.ReplaceAllString(strings.Join(strings.Fields(line), " "), " AGE"))
	}
	return all
}

// The commands of the document are run as they stand there, by a shell.
func TestTheDocumentsCommandsPrintWhatItSays(t *testing.T) {
	c := newClient(t)
	build(t, c)
	run(t, c, 5)

	cp := controlplanetest.Shared(t)
	all := questions(t)
	if len(all) < 10 {
		t.Fatalf("only %d commands found in %s", len(all), document)
	}
	for _, q := range all {
		t.Run(strings.Fields(q.command)[2], func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", q.command)
			cmd.Env = append(cp.Kubectl(t.Context()).Env, "PATH="+filepath.Dir(cp.KubectlPath())+":"+os.Getenv("PATH"), "LC_ALL=C")
			var errors bytes.Buffer
			cmd.Stderr = &errors
			out, err := cmd.Output()
			if err != nil || errors.Len() > 0 {
				t.Fatalf("%s\n%v: %s", q.command, err, &errors)
			}
			got := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			if diff := cmp.Diff(plain(q.answer), plain(got)); diff != "" {
				t.Errorf("%s\nprints (-document +kubectl):\n%s\nin full:\n%s", q.command, diff, out)
			}
		})
	}
}
