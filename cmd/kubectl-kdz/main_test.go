// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// nowVariable makes this binary, run by one of its tests, the plugin at the
// moment that it names.
const nowVariable = "KDZ_PLUGIN_NOW"

func TestMain(m *testing.M) {
	if now := os.Getenv(nowVariable); now != "" {
		os.Exit(plugin(now))
	}
	log.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, func(ctx context.Context, cp *controlplane.ControlPlane) error {
		if err := controlplane.InstallCRDs(ctx, cp.Config, "../../config/crd/bases"); err != nil {
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

// plugin is main, at another time.
func plugin(now string) int {
	at, err := time.Parse(time.RFC3339, now)
	if err == nil {
		err = run("v0.1.0", clocktesting.NewFakePassiveClock(at))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		return 1
	}
	return 0
}
