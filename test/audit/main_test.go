// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/util/yaml"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/controllers/audit"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/tell/audit/audittest"
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, func(ctx context.Context, cp *controlplane.ControlPlane) error {
		crds, err := audittest.CRDs(ctx)
		if err != nil {
			return err
		}
		return controlplane.InstallCRDs(ctx, cp.Config, "../../config/crd/bases", crds)
	}))
}

// now is the day of the document.
var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// compiled is what the policy's own controller would say of it.
const compiled = `{"status": {
	"compiledAt": "2026-11-22T11:00:00Z", "providerUnits": ["kdz-16"],
	"unitTreatments": {"amt-40-edu": "Exempt", "amt-70": "UnderReview"}
}}`

// build creates the objects of testdata/city.yaml, status and all.
func build(t *testing.T, c client.Client) {
	t.Helper()
	file, err := os.Open("testdata/city.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	decoder := yaml.NewYAMLOrJSONDecoder(file, 4096)
	for {
		o := &unstructured.Unstructured{}
		if err := decoder.Decode(o); err != nil {
			break // the end; were it anything else, something would be missing below
		}
		status, has := o.Object["status"]
		if err := c.Create(t.Context(), o); err != nil {
			t.Fatalf("create %s %s: %v", o.GetKind(), o.GetName(), err)
		}
		if has {
			o.Object["status"] = status
			if err := c.Status().Update(t.Context(), o); err != nil {
				t.Fatalf("status of %s %s: %v", o.GetKind(), o.GetName(), err)
			}
		}
		if o.GetKind() == "GovernancePolicy" {
			if err := c.Status().Patch(t.Context(), o, client.RawPatch(types.MergePatchType, []byte(compiled))); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// run audits until the test ends, and returns when all was told.
func run(t *testing.T, c client.Client, reports int) {
	t.Helper()
	clock := clocktesting.NewFakeClock(now)
	mgr, err := ctrl.NewManager(controlplanetest.Config(t), ctrl.Options{
		Scheme: controllers.Scheme(), Cache: controllers.CacheOptions(),
		Metrics: server.Options{BindAddress: "0"}, HealthProbeBindAddress: "0",
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if err := (&audit.Reconciler{Clock: clock}).SetupWithManager(ctx, mgr, nil, controller.Options{}); err != nil {
		cancel()
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	n := 0
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, time.Minute, true, func(ctx context.Context) (bool, error) {
		clock.Step(time.Second)
		n = 0
		for _, kind := range []string{"ReportList", "ClusterReportList"} {
			list := &unstructured.UnstructuredList{}
			list.SetAPIVersion("openreports.io/v1alpha1")
			list.SetKind(kind)
			if err := c.List(ctx, list); err != nil {
				return false, err
			}
			n += len(list.Items)
		}
		return n == reports, nil
	})
	if err != nil {
		t.Fatalf("%d reports, want %d: %v", n, reports, err)
	}
}

// newClient is the administrator's.
func newClient(t *testing.T) client.Client {
	t.Helper()
	c, err := client.New(controlplanetest.Config(t), client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Get(t.Context(), client.ObjectKey{Name: "default"}, &corev1.Namespace{}); err != nil {
		t.Fatal(err)
	}
	return c
}
