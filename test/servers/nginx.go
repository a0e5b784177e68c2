// SPDX-License-Identifier: Apache-2.0

package servers

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startTime bounds how long a server may take to start.
const startTime = 20 * time.Second

// NginxConfig returns the content of nginx's http block. It listens on the
// given addresses only, and may keep files in dir.
type NginxConfig func(dir string, addresses []string) string

// StartNginx starts nginx with as many listening addresses (127.0.0.1:port) as
// asked for, and returns them. The ports are free for sure: nginx inherits
// sockets that listen already.
func StartNginx(tb testing.TB, listeners int, config NginxConfig) []string {
	tb.Helper()
	binary := lookFor(tb, "nginx")
	dir := tb.TempDir()
	var (
		addresses []string
		files     []*os.File
		inherited strings.Builder
	)
	for i := range listeners {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatalf("listen for nginx: %v", err)
		}
		file, err := l.(*net.TCPListener).File()
		if err != nil {
			tb.Fatalf("socket for nginx: %v", err)
		}
		addresses = append(addresses, l.Addr().String())
		files = append(files, file)
		// After standard input, output and error.
		fmt.Fprintf(&inherited, "%d;", 3+i)
		if err := l.Close(); err != nil {
			tb.Fatalf("socket for nginx: %v", err)
		}
	}
	pid := filepath.Join(dir, "nginx.pid")
	conf := filepath.Join(dir, "nginx.conf")
	user := ""
	if os.Geteuid() == 0 {
		// Else the worker becomes somebody who may not read the test's files.
		user = "user root;"
	}
	content := fmt.Sprintf(`
%[4]s
daemon off;
worker_processes 1;
pid %[1]s;
error_log stderr error;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
	%[3]s
}
`, pid, dir, config(dir, addresses), user)
	if err := os.WriteFile(conf, []byte(content), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(binary, "-p", dir, "-c", conf, "-e", "stderr")
	cmd.Env = append(os.Environ(), "NGINX="+inherited.String())
	cmd.ExtraFiles = files
	start(tb, cmd, func() bool {
		info, err := os.Stat(pid)
		return err == nil && info.Size() > 0
	})
	for _, f := range files {
		if err := f.Close(); err != nil {
			tb.Fatal(err)
		}
	}
	return addresses
}

// lookFor returns the path of a server's program.
func lookFor(tb testing.TB, name string) string {
	tb.Helper()
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), "/usr/sbin", "/usr/local/sbin") {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	tb.Fatalf("%s is not installed: run hack/install-test-servers.sh (Debian's own package), then this test again", name)
	return ""
}

// start runs a program until the test ends, and returns as soon as it is
// ready. It is asked to end (SIGTERM) with the test, or with this process should
// that be killed, so that it can end its own children.
func start(tb testing.TB, cmd *exec.Cmd, ready func() bool) {
	tb.Helper()
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", cmd.Path, err)
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	tb.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			tb.Errorf("end %s: %v", cmd.Path, err)
		}
		if err := <-exited; err != nil {
			tb.Logf("%s ended with %v", cmd.Path, err)
		}
	})
	late := time.After(startTime)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case err := <-exited:
			exited <- err
			tb.Fatalf("%s ended at once: %v\n%s", cmd.Path, err, output.String())
		case <-late:
			tb.Fatalf("%s is not ready after %v", cmd.Path, startTime)
		case <-tick.C:
		}
	}
}
