// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// columns are what `kubectl get` shows of the valid object of a kind, in
// order: the heading, the cell, and whether it takes `-o wide` to see it. An
// age, which moves, is shown as "…".
var columns = map[string][]struct {
	heading string
	cell    any
	wide    bool
}{
	"OrganisationalUnit": {
		{"Name", "valid-unit", false},
		{"Number", "16.03.04", false},
		{"Type", "KDZ", false},
		{"State", "Degraded", false},
		{"Apps", 8.0, false},
		{"Up", 2.0, false},
		{"Degraded", 1.0, false},
		{"Outage", 1.0, false},
		{"Title", "SAP und Webdienste", false},
		{"Since", "…", false},
		{"Parent", "valid-parent", true},
		{"Unknown", 1.0, true},
		{"Ready", "True", true},
		{"Cause", "Application civento is out", true},
	},
	"Application": {
		{"Name", "valid-application", false},
		{"State", "Degraded", false},
		{"Provider", "KDZ", false},
		{"Rule", "Compliant", false},
		{"Level", "office-hours", false},
		{"Objective", "99.9", false},
		{"Availability", "99.5", false},
		{"BudgetLeft", 2.0, false},
		{"Ready", "True", false},
		{"Since", "…", false},
		{"Lifecycle", "Operating", true},
		{"Platform", "Linux", true},
		{"Hosting", "Up", true},
		{"Backup", "Current", true},
		{"BackedUp", "…", true},
		{"Responsible", "amt-10", true},
		{"Operator", "kdz-16-03-04", true},
		{"Dependents", 2.0, true},
		{"Title", "Antragsplattform", true},
		{"Cause", "civento is out", true},
	},
	"AvailabilityRecord": {
		{"Name", "valid-record", false},
		{"Period", "2026-11", false},
		{"Objective", "99.5", false},
		{"Availability", "99.12345", false},
		{"BudgetLeft", -4.0, false},
		{"Result", "Breached", false},
		{"AsOf", "…", false},
		{"Outages", 1.0, true},
	},
	"ServiceLevel": {
		{"Name", "valid-level", false},
		{"Objective", "99.5", false},
		{"Calendar", "Month", false},
		{"Apps", 3.0, false},
		{"Met", 1.0, false},
		{"Breached", 1.0, false},
		{"Availability", "99.41", false},
		{"BudgetLeft", -60.0, false},
		{"Decision", "SR-2026-03", false},
		{"Age", "…", false},
		{"Rolling", nil, true},
		{"Insufficient", 1.0, true},
		{"Worst", "amt-10/civento", true},
		{"Title", "Bürozeit", true},
	},
	"Project": {
		{"Name", "valid-project", false},
		{"Stage", "InImplementation", false},
		{"Rank", 2.0, false},
		{"Programme", "OZG", false},
		{"Office", "amt-33", false},
		{"Next", "2026-10-31", false},
		{"Overdue", 1.0, false},
		{"Budget", 180000.0, false},
		{"Recorded", "InImplementation", true},
		{"Track", "Standard", true},
		{"Milestone", "pilot", true},
		{"Spent", 5000.0, true},
		{"Title", "Online-Terminvergabe", true},
	},
	"Handover": {
		{"Name", "valid-handover", false},
		{"Stage", "Verifying", false},
		{"Project", "online-terminvergabe", false},
		{"Operations", "kdz-16-03-04", false},
		{"Due", "2027-03-31", false},
		{"Since", "…", false},
		{"Hash", "v1:" + strings.Repeat("a", 64), true},
		{"Missing", "NotFulfilled", true},
	},
	"SignOff": {
		{"Name", "valid-signoff", false},
		{"Handover", "termine", false},
		{"Role", "Operations", false},
		{"Outcome", "Accepted", false},
		{"By", "operations@example.org", false},
		{"At", "2027-03-30T10:00:00+02:00", false},
		{"Hash", "v1:" + strings.Repeat("a", 64), true},
	},
	"Exemption": {
		{"Name", "valid-exemption", false},
		{"Application", "wahlhelfer-app", false},
		{"State", "Active", false},
		{"Expires", "2027-12-31", false},
		{"Body", "SteeringRound", false},
		{"Reference", "SR-2026-10", false},
		{"Ready", "True", false},
		{"Reason", "The state requires its own device", true},
	},
	"GovernancePolicy": {
		{"Name", "default", false},
		{"Enforcement", "Deny", false},
		{"Compliant", 1.0, false},
		{"Exempt", 1.0, false},
		{"Review", 1.0, false},
		{"Transition", 1.0, false},
		{"Violating", 1.0, false},
		{"Unknown", 2.0, false},
		{"Compiled", "…", false},
		{"Ready", "True", false},
		{"OutOfScope", 1.0, true},
	},
}

// TestColumns shows what a person sees of each kind, as the server's Table
// says it.
func TestColumns(t *testing.T) {
	config := controlplanetest.Config(t)
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	config.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	get, err := rest.RESTClientFor(config)
	if err != nil {
		t.Fatal(err)
	}
	c := admin(t)
	for _, crd := range definitions(t) {
		kind := crd.Spec.Names.Kind
		t.Run(kind, func(t *testing.T) {
			o := suiteRun{suite: suite{base: kind}, client: c}.store(t)
			raw, err := get.Get().Resource(crd.Spec.Names.Plural).NamespaceIfScoped(o.GetNamespace(), o.GetNamespace() != "").Name(o.GetName()).
				SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").DoRaw(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			table := &metav1.Table{}
			if err := json.Unmarshal(raw, table); err != nil {
				t.Fatal(err)
			}
			compareTable(t, kind, table)
		})
	}
}

func compareTable(t *testing.T, kind string, table *metav1.Table) {
	t.Helper()
	if len(table.Rows) != 1 {
		t.Fatalf("want one row, got %d", len(table.Rows))
	}
	cells := table.Rows[0].Cells
	var want, got [][]any
	for i, column := range columns[kind] {
		want = append(want, []any{column.heading, column.cell, column.wide})
		if column.cell == "…" && i < len(cells) && cells[i] != "" && cells[i] != "<unknown>" {
			cells[i] = "…"
		}
	}
	for i, column := range table.ColumnDefinitions {
		got = append(got, []any{column.Name, cells[i], column.Priority > 0})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
}

// foreignNames are short names that other systems of the same cluster have:
// Argo CD, OpenShift, Velero, cert-manager, Flux, Prometheus and K8up.
var foreignNames = strings.Fields(`
	app apps appproj appprojs appset appsets
	bc build builds dc is isimage istag istags oauthclient pi project projects route routes scc tm
	co clusterversion mc mcp proxy
	backup restore schedule bsl vsl vsc vs
	cert certs cr crs issuer order
	ks kustomization gitrepo hr helmrepo ocirepo
	prom pmon smon promrule amcfg
	vap vapb crd crds ns po svc`)

// TestNamesDoNotClash shows that each kind is found by its short name and by
// the category kdz, and that nothing else in a cluster answers to the name.
func TestNamesDoNotClash(t *testing.T) {
	t.Parallel()
	want := map[string]string{
		"OrganisationalUnit": "ou", "Application": "itapp", "AvailabilityRecord": "itavail", "ServiceLevel": "slevel", "Project": "itproj",
		"Exemption": "itexempt", "GovernancePolicy": "itpolicy", "Handover": "", "SignOff": "",
	}
	find, err := discovery.NewDiscoveryClientForConfig(controlplanetest.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	_, groups, err := find.ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	taken, got := map[string][]string{}, map[string]string{}
	for _, name := range foreignNames {
		taken[name] = append(taken[name], "another system")
	}
	for _, group := range groups {
		for _, resource := range group.APIResources {
			if strings.Contains(resource.Name, "/") {
				continue
			}
			for _, name := range append(resource.ShortNames, resource.Name, resource.SingularName) {
				if kind := resource.Kind + " of " + group.GroupVersion; name != "" && !slices.Contains(taken[name], kind) {
					taken[name] = append(taken[name], kind)
				}
			}
			if group.GroupVersion == v1alpha1.GroupVersion.String() {
				got[resource.Kind] = strings.Join(resource.ShortNames, ",")
				if !slices.Contains(resource.Categories, "kdz") {
					t.Errorf("%s is not in the category kdz", resource.Kind)
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("short names (-want +got):\n%s", diff)
	}
	for kind, name := range got {
		if name != "" && len(taken[name]) > 1 {
			t.Errorf("the short name %s of %s is also that of: %v", name, kind, taken[name])
		}
	}
}

// TestKubectlGetsAll shows that `kubectl get kdz -A` lists every kind.
func TestKubectlGetsAll(t *testing.T) {
	c := admin(t)
	var want []string
	for _, crd := range definitions(t) {
		o := suiteRun{suite: suite{base: crd.Spec.Names.Kind}, client: c}.store(t)
		want = append(want, crd.Spec.Names.Singular+".kdz.mainz.de/"+o.GetName())
	}
	out, err := controlplanetest.Shared(t).Kubectl(t.Context(), "get", "kdz", "-A", "-o", "name").Output()
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Fields(string(out))
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("%s is missing in:\n%s", name, out)
		}
	}
}

// TestSelectableFields shows that each field that people select by finds the
// objects that have the value, and no others.
func TestSelectableFields(t *testing.T) {
	want := map[string][]string{
		"Application": {
			"status.operationalState", "status.centralisation", "spec.operation.provider",
			"spec.responsible.unitRef.name", "spec.operation.unitRef.name",
		},
		"Project": {"status.stage"}, "Handover": {"status.stage"}, "Exemption": {"status.state"},
	}
	c := admin(t)
	for _, crd := range definitions(t) {
		kind := crd.Spec.Names.Kind
		var got []string
		for _, f := range crd.Spec.Versions[0].SelectableFields {
			got = append(got, strings.TrimPrefix(f.JSONPath, "."))
		}
		if diff := cmp.Diff(want[kind], got); diff != "" {
			t.Errorf("%s: selectable fields (-want +got):\n%s", kind, diff)
		}
		if len(got) == 0 {
			continue
		}
		o := suiteRun{suite: suite{base: kind}, client: c}.store(t)
		for _, path := range got {
			t.Run(kind+" "+path, func(t *testing.T) {
				value := at(t, o.Object, path).(string)
				for selected, count := range map[string]int{value: 1, value + "x": 0, "": 0} {
					l := &metav1.PartialObjectMetadataList{}
					l.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
					if err := c.List(t.Context(), l, client.InNamespace(rulesNamespace), client.MatchingFields{path: selected}); err != nil {
						t.Fatal(err)
					}
					if len(l.Items) != count {
						t.Errorf("%s=%q: want %d objects, got %d", path, selected, count, len(l.Items))
					}
				}
			})
		}
	}
}
