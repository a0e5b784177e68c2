// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal opens a terminal: who types, and what a program has as its input.
func terminal(t *testing.T) (types, input *os.File) {
	t.Helper()
	types, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = types.Close() })
	var locked, number int32
	for request, argument := range map[uintptr]*int32{syscall.TIOCSPTLCK: &locked, syscall.TIOCGPTN: &number} {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, types.Fd(), request, uintptr(unsafe.Pointer(argument))); errno != 0 {
			t.Fatal(errno)
		}
	}
	input, err = os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = input.Close() })
	return types, input
}

// The plugin as it is installed asks at a terminal, and nowhere else; and who
// presses Ctrl-C is not asked on.
func TestAtATerminal(t *testing.T) {
	h := newHandover(t, "terminal", nil)
	folder := install(t)
	start := func(stdin *os.File) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
		cmd := exec.CommandContext(t.Context(), filepath.Join(folder, "kubectl-kdz"), sign(h.Name, "Operations", "--as", "operations@example.org")...)
		var out, errOut bytes.Buffer
		cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = environment(t), stdin, &out, &errOut
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, &out, &errOut
	}
	types, input := terminal(t)
	if _, err := types.WriteString("yes\n"); err != nil {
		t.Fatal(err)
	}
	cmd, out, errOut := start(input)
	if err := cmd.Wait(); err != nil || !strings.HasSuffix(out.String(), " created\n") || !strings.HasSuffix(errOut.String(), "Do you sign for Operations? Type yes: ") {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}

	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	cmd, out, errOut = start(null)
	if err := cmd.Wait(); err == nil || out.Len() > 0 || !strings.HasPrefix(errOut.String(), "error: nobody can be asked, since the standard input is no terminal") {
		t.Errorf("%v\n%s%s", err, out, errOut)
	}

	_, input = terminal(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	cmd = exec.CommandContext(t.Context(), filepath.Join(folder, "kubectl-kdz"), sign(h.Name, "Operations", "--as", "operations@example.org")...)
	cmd.Env, cmd.Stdin, cmd.Stderr = environment(t), input, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = writer.Close()
	asked := make([]byte, 0, 4096)
	if err := reader.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for !bytes.HasSuffix(asked, []byte("Type yes: ")) {
		part := make([]byte, 4096)
		n, err := reader.Read(part)
		if err != nil {
			t.Fatalf("%v after %s", err, asked)
		}
		asked = append(asked, part[:n]...)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("it ended well")
	}
	if given := signatures(t, h.Name); len(given) != 1 {
		t.Errorf("%d signatures", len(given))
	}
}
