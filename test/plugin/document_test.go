// SPDX-License-Identifier: Apache-2.0

package plugin

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// document that a user reads.
const document = "../../docs/kubectl.md"

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

// passing is the time that passes while a document stays as it is.
var passing = regexp.MustCompile(`(\d+h )?(\d+m )?\d+s (since then|so far  )`)

func plain(text string) string { return passing.ReplaceAllString(text, "TIME $3") }

// install builds the plugin as `make build` does, but for the flags that make
// it small, and returns the folder that it is in.
func install(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-ldflags", "-X main.version=v0.1.0", "-o", folder+"/", "./cmd/kubectl-kdz")
	cmd.Dir = "../.."
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return folder
}

// The commands of the document are run as they stand there, by a shell.
func TestTheDocumentsCommandsPrintWhatItSays(t *testing.T) {
	cp := controlplanetest.Shared(t)
	environment := append(cp.Kubectl(t.Context()).Env,
		"PATH="+install(t)+":"+filepath.Dir(cp.KubectlPath())+":"+os.Getenv("PATH"), "LC_ALL=C", "HOME="+t.TempDir())
	// Files that the document names are those of testdata.
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	got := console.ReplaceAllFunc(content, func(found []byte) []byte {
		blocks++
		command, _ := split(t, string(console.FindSubmatch(found)[1]))
		cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", strings.TrimPrefix(command, "$ "))
		cmd.Env, cmd.Dir = environment, "testdata"
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
	if diff := cmp.Diff(plain(string(content)), plain(string(got))); diff != "" {
		t.Errorf("%s (-document +plugin):\n%s", document, diff)
	}
}
