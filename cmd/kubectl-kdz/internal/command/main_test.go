// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/command"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// nowVariable makes this binary, run by one of its tests, the plugin at the
// moment that it names.
const nowVariable = "KDZ_PLUGIN_NOW"

// config is the folder of what is installed.
const config = "../../../../config/"

func TestMain(m *testing.M) {
	if text := os.Getenv(nowVariable); text != "" {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			panic(err)
		}
		os.Exit(command.Main("v0.1.0", clocktesting.NewFakePassiveClock(at)))
	}
	log.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, func(ctx context.Context, cp *controlplane.ControlPlane) error {
		if err := controlplane.InstallCRDs(ctx, cp.Config, config+"crd/bases"); err != nil {
			return err
		}
		if err := build(ctx, cp); err != nil {
			return err
		}
		if err := installRoles(ctx, cp); err != nil {
			return err
		}
		if err := cp.Apply(ctx, config+"policy"); err != nil {
			return err
		}
		return cp.InstallAdmission(ctx, config+"admission")
	}))
}

// build creates the objects of testdata/city.yaml, status and all.
func build(ctx context.Context, cp *controlplane.ControlPlane) error {
	c, err := client.New(cp.Config, client.Options{})
	if err != nil {
		return err
	}
	file, err := os.Open("testdata/city.yaml")
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		status, has := o.Object["status"]
		if err := c.Create(ctx, o); err != nil {
			return err
		}
		if has {
			o.Object["status"] = status
			if err := c.Status().Update(ctx, o); err != nil {
				return err
			}
		}
	}
}

// installRoles installs the roles for people under the names that they have when
// they are installed. Who holds them is in testdata/city.yaml.
func installRoles(ctx context.Context, cp *controlplane.ControlPlane) error {
	c, err := client.New(cp.Config, client.Options{})
	if err != nil {
		return err
	}
	files, err := filepath.Glob(config + "rbac/*_role.yaml")
	if err != nil {
		return err
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		o := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(content, &o.Object); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		if o.GetKind() != "ClusterRole" {
			continue
		}
		o.SetName("kdz-" + o.GetName())
		if err := c.Create(ctx, o); err != nil {
			return err
		}
	}
	return nil
}

// now of all tests.
var now = time.Date(2026, 6, 18, 9, 30, 0, 0, time.UTC)

// run runs a command as the administrator of the test's control plane.
func run(t *testing.T, input string, args ...string) (output, errOutput string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := command.New(command.Options{
		Version: "v0.1.0",
		Streams: genericiooptions.IOStreams{In: strings.NewReader(input), Out: &out, ErrOut: &errOut},
		Clock:   clocktesting.NewFakePassiveClock(now),
	})
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

// talk runs a command at whose terminal somebody answers.
func talk(t *testing.T, in io.Reader, args ...string) (output, errOutput string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	cmd := command.New(command.Options{
		Version:  "v0.1.0",
		Streams:  genericiooptions.IOStreams{In: in, Out: &out, ErrOut: &errOut},
		Clock:    clocktesting.NewFakePassiveClock(now),
		Terminal: true,
	})
	cmd.SetArgs(args)
	err = cmd.ExecuteContext(t.Context())
	return out.String(), errOut.String(), err
}

// useUser makes commands talk to the test's control plane as a user, by a
// certificate.
func useUser(t *testing.T, name string, groups ...string) {
	t.Helper()
	useCluster(t)
	config, err := controlplanetest.Shared(t).AddUser(name, groups...)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := controlplane.WriteKubeconfig(config, file); err != nil {
		t.Fatal(err)
	}
	t.Setenv("KUBECONFIG", file)
}

// named counts how often a name was asked for.
var named sync.Map

// unique is a name that begins so and that no other test has, nor the same one
// when it is run again: a signature and a decision stay.
func unique(base string) string {
	n, _ := named.LoadOrStore(base, new(atomic.Int32))
	return base + "-" + strconv.Itoa(int(n.(*atomic.Int32).Add(1)))
}

// admin may do everything.
func admin(t *testing.T) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(controlplanetest.Config(t), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	return client.WithFieldOwner(c, "administrator")
}

// useCluster makes commands talk to the test's control plane.
func useCluster(t *testing.T) {
	t.Helper()
	t.Setenv("KUBECONFIG", controlplanetest.Shared(t).Kubeconfig())
	t.Setenv("KUBECACHEDIR", filepath.Join(t.TempDir(), "cache"))
}
