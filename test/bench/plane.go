// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/internal/controlplane"
)

const (
	// operatorNamespace and operatorAccount are where and as whom the operator
	// runs when it is installed from config/default.
	operatorNamespace = "kdz-system"
	operatorAccount   = "kdz-operator"
	// memoryDir is where Linux keeps files in memory.
	memoryDir = "/dev/shm"
)

// plane is etcd and kube-apiserver, on which everything of config/default and
// config/policy is installed but what needs a node.
type plane struct {
	*controlplane.ControlPlane
	// admin may do everything.
	admin client.WithWatch
	// raw is for what is no object.
	raw *kubernetes.Clientset
	// operatorConfig is a kubeconfig file with no right but the operator's.
	operatorConfig string
	// closed is whether the admission policies are installed.
	closed bool
}

// startPlane starts a control plane: durable with its data on the disk and an
// fsync at each write, else with its data in memory. There is no controller
// manager: it would take its share of the processor. Its door is closed, as in
// an installation.
func (b *bench) startPlane(ctx context.Context, durable bool) (*plane, error) {
	p, err := b.startOpenPlane(ctx, durable)
	if err != nil {
		return nil, err
	}
	if err := p.closeDoor(ctx); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return p, nil
}

// startOpenPlane starts a control plane without admission policies.
func (b *bench) startOpenPlane(ctx context.Context, durable bool) (*plane, error) {
	ctrl.SetLogger(logr.Discard())
	options := controlplane.Options{
		Progress: b.progress, ControllerManager: controlplane.ControllerManagerOff, Durable: durable,
	}
	cp, err := startIn(ctx, options)
	if err != nil {
		return nil, err
	}
	p := &plane{ControlPlane: cp}
	if err := p.prepare(ctx, b.dir); err != nil {
		return nil, errors.Join(err, cp.Stop())
	}
	return p, nil
}

// startIn starts a control plane in a temporary folder, which it removes
// however this program ends: on the disk, or in memory.
func startIn(ctx context.Context, o controlplane.Options) (*controlplane.ControlPlane, error) {
	if info, err := os.Stat(memoryDir); !o.Durable && err == nil && info.IsDir() {
		usual, set := os.LookupEnv("TMPDIR")
		if err := os.Setenv("TMPDIR", memoryDir); err != nil {
			return nil, err
		}
		defer func() {
			if set {
				_ = os.Setenv("TMPDIR", usual)
			} else {
				_ = os.Unsetenv("TMPDIR")
			}
		}()
	}
	return controlplane.Start(ctx, o)
}

// prepare installs what the operator needs, and makes the clients.
func (p *plane) prepare(ctx context.Context, dir string) (err error) {
	if p.admin, err = client.NewWithWatch(p.Config, client.Options{Scheme: controllers.Scheme()}); err != nil {
		return err
	}
	if p.raw, err = kubernetes.NewForConfig(p.Config); err != nil {
		return err
	}
	if err := controlplane.InstallCRDs(ctx, p.Config, filepath.Join("config", "crd", "bases")); err != nil {
		return err
	}
	if err := p.install(ctx, dir); err != nil {
		return err
	}
	account, err := p.ServiceAccountConfig(ctx, operatorNamespace, operatorAccount)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp(dir, "operator-*.kubeconfig")
	if err != nil {
		return err
	}
	p.operatorConfig = file.Name()
	return errors.Join(file.Close(), controlplane.WriteKubeconfig(account, p.operatorConfig))
}

// elsewhere are the kinds of what is not installed with the rest: the operator
// that is measured runs outside, and closeDoor closes the door.
var elsewhere = []string{"Deployment", "Service", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}

// install applies config/default, as an installation does, but for those kinds.
func (p *plane) install(ctx context.Context, dir string) error {
	rendered, err := p.kubectl(ctx, "kustomize", filepath.Join("config", "default"))
	if err != nil {
		return err
	}
	var kept []string
	for document := range strings.SplitSeq(rendered, "\n---\n") {
		var o unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &o.Object); err != nil {
			return fmt.Errorf("config/default: %w", err)
		}
		if !slices.Contains(elsewhere, o.GetKind()) {
			kept = append(kept, document)
		}
	}
	file := filepath.Join(dir, "installation.yaml")
	if err := os.WriteFile(file, []byte(strings.Join(kept, "\n---\n")), 0o600); err != nil {
		return err
	}
	_, err = p.kubectl(ctx, "apply", "--server-side", "--force-conflicts", "-f", file)
	return err
}

// kubectl runs kubectl as administrator and returns what it printed.
func (p *plane) kubectl(ctx context.Context, args ...string) (string, error) {
	cmd := p.Kubectl(ctx, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("kubectl %s: %w\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String(), nil
}

// charged are the processes that a write costs: the API server, etcd, and who
// writes.
func (p *plane) charged(writer int) []int {
	return []int{writer, p.ProcessID("kube-apiserver"), p.ProcessID("etcd")}
}

// writes returns how many requests that write a resource the API server has
// served, whatever their result, by its own count.
func (p *plane) writes(ctx context.Context, resource string) (float64, error) {
	body, err := p.raw.RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return 0, fmt.Errorf("the API server's metrics: %w", err)
	}
	all := 0.0
	for _, m := range metricsIn(body, "apiserver_request_total") {
		switch verb := m.label("verb"); {
		case m.label("resource") != resource:
		case verb == "GET" || verb == "LIST" || verb == "WATCH" || verb == "CONNECT":
		default:
			all += m.value
		}
	}
	return all, nil
}

// metric is one value in the text format of Prometheus.
type metric struct {
	labels string
	value  float64
}

// label returns the value of a label that holds no quotation mark, "" if there
// is none.
func (m metric) label(name string) string {
	_, rest, found := strings.Cut(","+m.labels, ","+name+`="`)
	if !found {
		return ""
	}
	text, _, _ := strings.Cut(rest, `"`)
	return text
}

// metricsIn returns the values of the metric of that name.
func metricsIn(body []byte, name string) []metric {
	var found []metric
	for line := range bytes.Lines(body) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(string(line)), name)
		if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
			continue
		}
		cut := strings.LastIndexByte(rest, ' ')
		v, err := strconv.ParseFloat(rest[cut+1:], 64)
		if err != nil {
			continue
		}
		found = append(found, metric{strings.Trim(rest[:cut], "{}"), v})
	}
	return found
}

// total adds up the values of a metric.
func total(body []byte, name string) float64 {
	all := 0.0
	for _, m := range metricsIn(body, name) {
		all += m.value
	}
	return all
}
