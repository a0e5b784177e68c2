// SPDX-License-Identifier: Apache-2.0

package command_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/command"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// nowVariable makes this binary, run by one of its tests, the plugin at the
// moment that it names.
const nowVariable = "KDZ_PLUGIN_NOW"

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
		if err := controlplane.InstallCRDs(ctx, cp.Config, "../../../../config/crd/bases"); err != nil {
			return err
		}
		return build(ctx, cp)
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

// useCluster makes commands talk to the test's control plane.
func useCluster(t *testing.T) {
	t.Helper()
	t.Setenv("KUBECONFIG", controlplanetest.Shared(t).Kubeconfig())
	t.Setenv("KUBECACHEDIR", filepath.Join(t.TempDir(), "cache"))
}
