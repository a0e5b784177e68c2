// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

func TestMain(m *testing.M) {
	install := func(ctx context.Context, cp *controlplane.ControlPlane) error {
		return controlplane.InstallCRDs(ctx, cp.Config, "../../../config/crd/bases")
	}
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, install))
}

const completeUnit = unit + "  type: KDZ\n  displayName: {de: KDZ}\n"

// completeApplication is what the API server accepts.
func completeApplication(name string) string {
	return `---
apiVersion: kdz.mainz.de/v1alpha1
kind: Application
metadata: {name: ` + name + `, namespace: kdz-16}
spec:
  displayName: {de: Anwendung}
  origin: Existing
  lifecycle: Operating
  operation: {provider: Undetermined}
  responsible: {unitRef: {name: kdz-16}}
`
}

func TestApply(t *testing.T) {
	to, err := client.New(controlplanetest.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := v1alpha1.AddToScheme(to.Scheme()); err != nil {
		t.Fatal(err)
	}
	files := valid()
	files["one/units.yaml"] = completeUnit
	files["two/applications.yaml"] = completeApplication("a") + completeApplication("b")
	c, err := Load(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time changes nothing
		var layers []string
		if err := c.Apply(t.Context(), to, func(l Layer) error {
			layers = append(layers, l.Name)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"one", "two", "three"}, layers); diff != "" {
			t.Error(diff)
		}
		for _, name := range []string{"a", "b"} {
			var app v1alpha1.Application
			if err := to.Get(t.Context(), types.NamespacedName{Namespace: "kdz-16", Name: name}, &app); err != nil {
				t.Fatal(err)
			}
			if m := app.ManagedFields; app.Generation != 1 || len(m) != 1 || m[0].Manager != Manager {
				t.Errorf("%s: generation %d, managed by %v", name, app.Generation, m)
			}
		}
	}
}

func TestApplyNamesAllThatIsRefusedInAFile(t *testing.T) {
	to, err := client.New(controlplanetest.Config(t), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	files := valid()
	files["one/units.yaml"] = completeUnit
	files["two/applications.yaml"] = strings.ReplaceAll(completeApplication("odd")+completeApplication("also-odd"), "Existing", "Odd") + completeApplication("well")
	files["three/kustomization.yaml"] = "resources: [more.yaml]\n"
	files["three/more.yaml"] = completeApplication("later")
	c, err := Load(write(t, files))
	if err != nil {
		t.Fatal(err)
	}
	err = c.Apply(t.Context(), to, func(l Layer) error {
		if l.Name == "three" {
			t.Error("goes on with the next layer")
		}
		return nil
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"apply layer two:\n", "two/applications.yaml: Application kdz-16/odd: ", "two/applications.yaml: Application kdz-16/also-odd: ", `"Odd"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nwant %q", err, want)
		}
	}
	if strings.Contains(err.Error(), "kdz-16/well") {
		t.Errorf("%v\nnames what is well", err)
	}
}
