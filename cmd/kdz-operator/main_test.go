// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

func TestParse(t *testing.T) {
	s, err := parse([]string{
		"-leader-elect", "-concurrency=4", "-log-format=text", "-log-level=debug",
		"-egress-allow=127.0.0.1", "-egress-allow=::1,10.0.0.0/8", "-egress-deny=0.0.0.0/0",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if !s.leaderElect || s.concurrency != 4 || s.logFormat != "text" || s.logLevel.Level() != -4 || s.witness != apiServerWitness {
		t.Errorf("settings: %+v", s)
	}
	if got := s.egressAllow.String() + " " + s.egressDeny.String(); got != "127.0.0.1/32,::1/128,10.0.0.0/8 0.0.0.0/0" {
		t.Errorf("checks may connect to, and may not: %s", got)
	}
	for _, test := range []struct {
		args, words string
	}{
		{"start", "unexpected argument \"start\""},
		{"-log-format=xml", "must be json or text"},
		{"-concurrency=0", "at least 1"},
		{"-check-workers=-1", "must not be negative"},
		{"-log-level=loud", "loud"},
		{"-egress-allow=10.0.0.1/8", "10.0.0.0/8 for the network"},
		{"-egress-deny=intranet", "no network such as"},
		{"-no-such-flag", "no-such-flag"},
	} {
		if _, err := parse([]string{test.args}, io.Discard); err == nil || !strings.Contains(err.Error(), test.words) {
			t.Errorf("%s: error %v lacks %q", test.args, err, test.words)
		}
	}
}

func TestWitnessAddress(t *testing.T) {
	config := &rest.Config{Host: "https://api.example.org/prefix"}
	for _, test := range []struct {
		witness, host, want, words string
	}{
		{apiServerWitness, "https://api.example.org/prefix", "api.example.org:443", ""},
		{apiServerWitness, "http://127.0.0.1", "127.0.0.1:80", ""},
		{apiServerWitness, "https://[::1]:6443", "[::1]:6443", ""},
		{"gateway.example.org:53", "", "gateway.example.org:53", ""},
		{"", "", "", ""},
		{"gateway", "", "", "must be host:port"},
	} {
		config.Host = test.host
		got, err := witnessAddress(test.witness, config)
		if got != test.want || (err == nil) != (test.words == "") || (err != nil && !strings.Contains(err.Error(), test.words)) {
			t.Errorf("%+v: got %q, %v", test, got, err)
		}
	}
}

func TestLoggerWritesAsTold(t *testing.T) {
	for format, want := range map[string]string{"json": `"msg":"hello"`, "text": "msg=hello"} {
		s, err := parse([]string{"-log-format=" + format}, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		log := logger(s, &out)
		log.Info("hello")
		log.V(4).Info("quiet")
		if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "quiet") {
			t.Errorf("%s: %s", format, out.String())
		}
	}
}
