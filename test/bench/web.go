// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const (
	// hosts is how many addresses of loopback the target has, so that many
	// short connections do not run out of ports.
	hosts = 64
	// firstPort and lastPort bound the ports that are listened at, below those
	// that the kernel gives to outgoing connections (32768 and up).
	firstPort, lastPort = 20000, 32000
)

// web is nginx in a process of its own: what probes ask.
type web struct {
	process *process
	// Plain and Secure are "127.0.0.1:port", and so on for each host.
	Plain, Secure []string
	// CA vouches for its certificate, in PEM.
	CA string
}

const nginx = "nginx"

// startWeb starts nginx. The ports are free for sure: it inherits sockets that
// listen already.
func (b *bench) startWeb(ctx context.Context) (*web, error) {
	dir, err := os.MkdirTemp(b.dir, nginx)
	if err != nil {
		return nil, err
	}
	w := &web{}
	var files []*os.File
	defer func() {
		for _, f := range files {
			// nginx has its own.
			_ = f.Close()
		}
	}()
	for _, addresses := range []*[]string{&w.Plain, &w.Secure} {
		sockets, err := listenEverywhere()
		if err != nil {
			return nil, err
		}
		for _, s := range sockets {
			*addresses = append(*addresses, s.address)
			files = append(files, s.file)
		}
	}
	if w.CA, err = writeCertificate(dir); err != nil {
		return nil, err
	}
	conf := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(conf, []byte(w.config(dir)), 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command(lookFor(nginx), "-p", dir, "-c", conf, "-e", "stderr")
	var inherited strings.Builder
	for i := range files {
		// After standard input, output and error.
		fmt.Fprintf(&inherited, "%d;", 3+i)
	}
	cmd.Env = append(os.Environ(), "NGINX="+inherited.String())
	cmd.ExtraFiles = files
	if w.process, err = start(ctx, cmd); err != nil {
		return nil, err
	}
	return w, w.process.until(ctx, func() bool {
		info, err := os.Stat(filepath.Join(dir, "pid"))
		return err == nil && info.Size() > 0
	})
}

// config returns nginx's configuration. It keeps its files in dir.
func (w *web) config(dir string) string {
	user := ""
	if os.Geteuid() == 0 {
		// Else its worker becomes somebody who may not read dir.
		user = "user root;"
	}
	listen := func(addresses []string, how string) string {
		return "\n\t\tlisten " + strings.Join(addresses, how+";\n\t\tlisten ") + how + ";"
	}
	return fmt.Sprintf(`%[1]s
daemon off;
worker_processes 1;
pid %[2]s/pid;
error_log stderr error;
events { worker_connections 4096; }
http {
	access_log off;
	keepalive_requests 1000000;
	client_body_temp_path %[2]s/body; proxy_temp_path %[2]s/proxy; fastcgi_temp_path %[2]s/fastcgi;
	uwsgi_temp_path %[2]s/uwsgi; scgi_temp_path %[2]s/scgi;
	server {%[3]s
		location / { return 200 "Willkommen in Mainz\n"; }
	}
	server {%[4]s
		ssl_certificate %[2]s/server.crt; ssl_certificate_key %[2]s/server.key;
		location / { return 200 "Willkommen in Mainz\n"; }
	}
}
`, user, dir, listen(w.Plain, ""), listen(w.Secure, " ssl"))
}

// withWeb starts nginx for some comparisons, makes them, and ends it.
func (b *bench) withWeb(ctx context.Context, prepare func(*web) ([]comparison, error)) (lines []line, err error) {
	w, err := b.startWeb(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.process.stop()) }()
	all, err := prepare(w)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		l, err := b.compare(ctx, c)
		if err != nil {
			return lines, err
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// socket listens, for a program that inherits it.
type socket struct {
	address string
	file    *os.File
}

// listenEverywhere listens at one port of all hosts.
func listenEverywhere() ([]socket, error) {
	const attempts = 100
	var errs []error
	for range attempts {
		sockets, err := listenAt(firstPort + rand.IntN(lastPort-firstPort))
		if err == nil {
			return sockets, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("no port is free: %w", errors.Join(errs...))
}

func listenAt(port int) (sockets []socket, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, s := range sockets {
			_ = s.file.Close()
		}
	}()
	for host := range hosts {
		address := fmt.Sprintf("127.0.0.%d:%d", host+1, port)
		l, err := net.Listen("tcp", address)
		if err != nil {
			return sockets, err
		}
		// A copy, which goes on listening.
		file, err := l.(*net.TCPListener).File()
		_ = l.Close()
		if err != nil {
			return sockets, err
		}
		sockets = append(sockets, socket{address, file})
	}
	return sockets, nil
}

// freePort returns an address for a program that cannot inherit a socket.
// Somebody else may take it in between.
func freePort() (string, error) {
	const attempts = 100
	var errs []error
	for range attempts {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort))
		l, err := net.Listen("tcp", address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		return address, l.Close()
	}
	return "", fmt.Errorf("no port is free: %w", errors.Join(errs...))
}
