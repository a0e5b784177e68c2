// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/wait"

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

// environment in which a shell finds kubectl, the plugin and the cluster.
func environment(t *testing.T) []string {
	t.Helper()
	cp := controlplanetest.Shared(t)
	return append(cp.Kubectl(t.Context()).Env,
		"PATH="+install(t)+":"+filepath.Dir(cp.KubectlPath())+":"+os.Getenv("PATH"), "LC_ALL=C", "HOME="+t.TempDir(),
		nowVariable+"="+now.Format(time.RFC3339))
}

// grants of the right to read the heartbeat, as the document has them.
var grants = regexp.MustCompile(`(?m)^    kubectl -n kdz-system create role.*$`)

// Who is given the right as the document says sees figures up to the heartbeat.
func TestTheDocumentsRoleLetsReadTheHeartbeat(t *testing.T) {
	content, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	kubectl := func(script string) {
		t.Helper()
		cmd := exec.Command("sh", "-euc", script)
		cmd.Env = environment(t)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	}
	kubectl(strings.Join(grants.FindAllString(string(content), -1), "\n"))
	defer kubectl("kubectl -n kdz-system delete role,rolebinding kdz-heartbeat")
	useCluster(t)
	var out string
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, 30*time.Second, true, func(context.Context) (done bool, err error) {
		out, _, err = run(t, "", strings.Fields("availability civento -n amt-10 --as clerk@example.org --as-group kdz-staff")...)
		return strings.Contains(out, "As of           2026-06-18 11:29:57 CEST, the last heartbeat of the operator\n"), err
	})
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// The commands of the document are run as they stand there, by a shell.
func TestTheDocumentsCommandsPrintWhatItSays(t *testing.T) {
	environment := environment(t)
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
