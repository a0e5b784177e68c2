// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// document that a user reads.
const document = "../../../../docs/kubectl.md"

var update = flag.Bool("update", false, "write what the commands print into the document")

// console is a block of the document that shows a console: a line that begins
// with "$ ", lines that go on after a backslash, and what is printed.
var console = regexp.MustCompile("(?s)```console\n(.*?)```")

// split parts a block into its command and what it prints.
func split(t *testing.T, block string) (command, answer string) {
	t.Helper()
	for {
		line, rest, _ := strings.Cut(block, "\n")
		command, block = command+line+"\n", rest
		if !strings.HasSuffix(line, `\`) {
			break
		}
	}
	if !strings.HasPrefix(command, "$ ") {
		t.Fatalf("a block that shows a console does not begin with a command: %s", command)
	}
	return command, block
}

// install makes this binary the plugin of kubectl, in a folder of its own.
func install(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := os.Symlink(self, filepath.Join(folder, "kubectl-kdz")); err != nil {
		t.Fatal(err)
	}
	return folder
}

// The commands of the document are run as they stand there, by a shell.
func TestTheDocumentsCommandsPrintWhatItSays(t *testing.T) {
	cp := controlplanetest.Shared(t)
	environment := append(cp.Kubectl(t.Context()).Env,
		"PATH="+install(t)+":"+filepath.Dir(cp.KubectlPath())+":"+os.Getenv("PATH"), "LC_ALL=C", "HOME="+t.TempDir(),
		nowVariable+"="+now.Format(time.RFC3339))
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	got := console.ReplaceAllFunc(content, func(found []byte) []byte {
		blocks++
		command, _ := split(t, string(console.FindSubmatch(found)[1]))
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", strings.TrimPrefix(command, "$ "))
		cmd.Env, cmd.Dir = environment, "testdata" // with the files that the document names
		var errOut bytes.Buffer
		cmd.Stderr = &errOut
		out, err := cmd.Output()
		if err != nil || errOut.Len() > 0 {
			t.Errorf("%s\n%v: %s", command, err, &errOut)
		}
		return []byte("```console\n" + command + string(out) + "```")
	})
	if blocks < 7 {
		t.Fatalf("only %d commands found in %s", blocks, document)
	}
	if *update && !t.Failed() {
		if err := os.WriteFile(document, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(content), string(got)); diff != "" {
		t.Errorf("%s (-document +plugin):\n%s", document, diff)
	}
}
