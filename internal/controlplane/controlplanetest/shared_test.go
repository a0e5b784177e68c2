// SPDX-License-Identifier: Apache-2.0

package controlplanetest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// installed is a namespace that the setup creates.
const installed = "installed-by-setup"

// roleVariable makes this binary, run by one of its tests, go wrong in a way.
const roleVariable = "KDZ_CONTROLPLANETEST_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(controlplanetest.Run(m, controlplane.Options{}, install))
	case "setup fails":
		os.Exit(controlplanetest.Run(m, controlplane.Options{ControllerManager: controlplane.ControllerManagerOff},
			func(context.Context, *controlplane.ControlPlane) error { return errors.New("the setup's own words") }))
	case "no Run":
		os.Exit(m.Run())
	default:
		panic(roleVariable + "=" + role)
	}
}

// install leaves a namespace that can be created once only.
func install(ctx context.Context, cp *controlplane.ControlPlane) error {
	c, err := kubernetes.NewForConfig(cp.Config)
	if err != nil {
		return err
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: installed}}
	_, err = c.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})
	return err
}

func TestSetUpOnceForAllTests(t *testing.T) {
	for _, name := range []string{"first", "second", "third"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := kubernetes.NewForConfig(controlplanetest.Config(t))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.CoreV1().Namespaces().Get(t.Context(), installed, metav1.GetOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestConfigIsACopy(t *testing.T) {
	mine := controlplanetest.Config(t)
	mine.Host = "https://127.0.0.1:1"
	if got := controlplanetest.Config(t).Host; got == mine.Host {
		t.Errorf("Config(t).Host = %s, changed by another test", got)
	}
}

// TestRun runs this binary's TestConfigIsACopy, or no test, in another process.
func TestRun(t *testing.T) {
	tests := map[string]struct {
		role, assets, run string
		fails             bool
		want              string // in the output
	}{
		"all is well":         {run: "^TestConfigIsACopy$"},
		"no test asks":        {run: "^$", want: "no tests to run"},
		"the setup fails":     {run: "^TestConfigIsACopy$", role: "setup fails", fails: true, want: "set up the control plane: the setup's own words"},
		"there are no assets": {run: "^TestConfigIsACopy$", assets: t.TempDir(), fails: true, want: "has no etcd, no kube-apiserver"},
		"no Run in TestMain":  {run: "^TestConfigIsACopy$", role: "no Run", fails: true, want: "needs a TestMain that calls controlplanetest.Run"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			temp := t.TempDir()
			cmd := exec.Command(os.Args[0], "-test.run="+tt.run)
			cmd.Env = append(os.Environ(), roleVariable+"="+tt.role, "TMPDIR="+temp)
			if tt.assets != "" {
				cmd.Env = append(cmd.Env, "KUBEBUILDER_ASSETS="+tt.assets)
			}
			out, err := cmd.CombinedOutput()
			var exit *exec.ExitError
			if err != nil && !errors.As(err, &exit) {
				t.Fatal(err)
			}
			if (err != nil) != tt.fails || !strings.Contains(string(out), tt.want) {
				t.Errorf("fails = %t, want %t; want %q in the output:\n%s", err != nil, tt.fails, tt.want, out)
			}
			left, err := os.ReadDir(temp)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range left {
				t.Errorf("%s was left", e.Name())
			}
		})
	}
}
