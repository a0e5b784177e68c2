// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// blackbox is the exporter of Debian's package.
const blackbox = "prometheus-blackbox-exporter"

// Modules of the exporter, as its own examples have them; its configuration is
// JSON here, which YAML includes.
const (
	moduleHTTP = "http_2xx"
	moduleTCP  = "tcp_connect"
	moduleTLS  = "tls_connect"
)

// blackboxLeg is a turn of a new blackbox_exporter, driven by a worker from
// outside. Only the exporter is charged.
func (b *bench) blackboxLeg(module, ca string, targets []string) leg {
	return func(ctx context.Context) (got *sample, err error) {
		exporter, address, err := b.startBlackbox(ctx, ca)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, exporter.stop()) }()
		asked := exporterTask{Address: address, Module: module, Targets: targets}
		return b.legOf("blackbox", asked, func(int) []int { return []int{exporter.pid()} })(ctx)
	}
}

// startBlackbox starts the exporter and returns its address.
func (b *bench) startBlackbox(ctx context.Context, ca string) (*process, string, error) {
	dir, err := os.MkdirTemp(b.dir, "blackbox")
	if err != nil {
		return nil, "", err
	}
	trusted := filepath.Join(dir, "ca.crt")
	config, err := json.Marshal(map[string]any{"modules": map[string]any{
		moduleHTTP: map[string]any{"prober": "http", "timeout": "10s"},
		moduleTCP:  map[string]any{"prober": "tcp", "timeout": "10s"},
		moduleTLS: map[string]any{"prober": "tcp", "timeout": "10s", "tcp": map[string]any{
			"tls": true, "tls_config": map[string]any{"ca_file": trusted},
		}},
	}})
	if err != nil {
		return nil, "", err
	}
	path := filepath.Join(dir, "blackbox.yml")
	if err := errors.Join(os.WriteFile(path, config, 0o600), os.WriteFile(trusted, []byte(ca), 0o600)); err != nil {
		return nil, "", err
	}
	address, err := freePort()
	if err != nil {
		return nil, "", err
	}
	cmd := exec.Command(lookFor(blackbox), "--config.file="+path, "--web.listen-address="+address, "--log.level=error")
	exporter, err := start(ctx, cmd)
	if err != nil {
		return nil, "", err
	}
	return exporter, address, exporter.until(ctx, func() bool { return accepts(ctx, address) })
}

// accepts reports whether somebody listens.
func accepts(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// exporterTask is what the worker "blackbox" is to ask the exporter to do.
type exporterTask struct {
	// Address of the exporter.
	Address string
	Module  string
	Targets []string
}

// succeededThere is what the exporter says of a probe that succeeded.
var succeededThere = []byte("\nprobe_success 1\n")

// blackboxWorker drives an exporter as Prometheus does, over connections that
// last.
func blackboxWorker(ctx context.Context, args json.RawMessage) (window, error) {
	told, err := decode[exporterTask](args)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: atOnce}}
	asked := make([]string, len(told.Targets))
	for i, target := range told.Targets {
		asked[i] = "http://" + told.Address + "/probe?" + url.Values{"module": {told.Module}, "target": {target}}.Encode()
	}
	return loop(ctx, func(ctx context.Context, n int) error {
		var answer bytes.Buffer
		if err := get(ctx, client, asked[n%len(asked)], &answer); err != nil {
			return err
		}
		if !bytes.Contains(answer.Bytes(), succeededThere) {
			return fmt.Errorf("the exporter's probe of %s did not succeed", told.Targets[n%len(told.Targets)])
		}
		return nil
	})
}

// get asks for a page and reads it.
func get(ctx context.Context, client *http.Client, url string, into io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(into, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}
