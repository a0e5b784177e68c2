// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
)

// fact is a line of what the document says of machine and versions.
type fact struct{ name, value string }

// What is said of what cannot be found out.
const (
	unknown = "unknown"
	absent  = "not installed"
)

var (
	word    = regexp.MustCompile(`\S+`)
	dotted  = regexp.MustCompile(`[0-9][0-9.]+`)
	version = regexp.MustCompile(`k8s\.io/kubernetes (v\S+)`)
)

// machine says where the figures come from.
func machine(ctx context.Context) []fact {
	return []fact{
		{"CPU", firstOf(fieldOf("/proc/cpuinfo", "model name"), runtime.GOARCH)},
		{"cores", strconv.Itoa(runtime.NumCPU())},
		{"memory", memory()},
		{"kernel", line1("/proc/sys/kernel/osrelease")},
		{"virtualisation", virtualisation(ctx)},
		{"load at the start", line1("/proc/loadavg")},
	}
}

// versions says of what the figures are.
func versions(ctx context.Context) []fact {
	return []fact{
		{"Go", runtime.Version()},
		{"operator", said(ctx, word, "git", "describe", "--tags", "--always", "--dirty")},
		{"nginx", said(ctx, dotted, lookFor(nginx), "-v")},
		{"blackbox_exporter", said(ctx, dotted, lookFor(blackbox), "--version")},
		{"control plane", controlPlane()},
	}
}

// said returns what of a program's output matches.
func said(ctx context.Context, what *regexp.Regexp, program string, args ...string) string {
	if program == "" {
		return absent
	}
	out, err := exec.CommandContext(ctx, program, args...).CombinedOutput()
	if err != nil {
		return unknown
	}
	return firstOf(string(what.Find(out)), unknown)
}

// controlPlane returns the version of the embedded control plane, which only
// the go.mod of its module names.
func controlPlane() string {
	text, err := os.ReadFile(filepath.Join("hack", "controlplane", "go.mod"))
	if err != nil {
		return unknown
	}
	found := version.FindSubmatch(text)
	if found == nil {
		return unknown
	}
	return "Kubernetes " + string(found[1])
}

func memory() string {
	kib, err := strconv.ParseFloat(strings.TrimSuffix(fieldOf("/proc/meminfo", "MemTotal"), " kB"), 64)
	if err != nil {
		return unknown
	}
	return strconv.FormatFloat(kib/(1<<20), 'f', 1, 64) + " GiB"
}

// virtualisation returns what is known of who runs this machine.
func virtualisation(ctx context.Context) string {
	var parts []string
	for _, kind := range []string{"--vm", "--container"} {
		// It fails where there is none.
		if text := said(ctx, word, lookFor("systemd-detect-virt"), kind); text != unknown && text != absent {
			parts = append(parts, text)
		}
	}
	if len(parts) > 0 {
		return strings.Join(parts, ", ")
	}
	if strings.Contains(" "+fieldOf("/proc/cpuinfo", "flags")+" ", " hypervisor ") {
		return "a virtual machine"
	}
	return "none that the processor knows of"
}

// fieldOf returns the first value of a name in a file of "name : value".
func fieldOf(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		key, v, found := strings.Cut(lines.Text(), ":")
		if found && strings.TrimSpace(key) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// line1 returns the first line of a file.
func line1(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return unknown
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return firstOf(strings.TrimSpace(first), unknown)
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
