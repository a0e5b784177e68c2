// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// defaults are specs that leave out what has a default, and what the server
// makes of it, by path.
var defaults = []struct {
	kind string
	spec map[string]any
	want map[string]any
}{
	{
		kind: "Application",
		spec: object(
			"displayName", object("de", "a"), "origin", "Project", "lifecycle", "Planned",
			"responsible", object("unitRef", object("name", "amt-10")),
			"operation", object("provider", "Undetermined"),
			"protection", object(),
			"indicator", object("prometheus", object("server", "central", "query", "up")),
			"endpoints", list(
				object("name", "web", "url", "https://a/", "http", object(), "tls", object()),
				object("name", "names", "url", "dns://a", "dns", object()),
			),
			"hosting", object("platform", "Linux", "linux", object(
				"hosts", list(object("name", "a", "metricsURL", "http://a/metrics")),
				"requiredUnits", list(object("name", "nginx.service")))),
			"dependencies", list(object("name", "b")),
			"maintenance", list(object("name", "a", "schedule", "0 18 * * 2", "duration", "2h")),
		),
		want: map[string]any{
			"spec.operation.serves":                      list("City"),
			"spec.protection.confidentiality":            "Normal",
			"spec.protection.integrity":                  "Normal",
			"spec.protection.availability":               "Normal",
			"spec.indicator.prometheus.interval":         "60s",
			"spec.indicator.prometheus.failureThreshold": int64(3),
			"spec.endpoints[].interval":                  "60s",
			"spec.endpoints[].failureThreshold":          int64(3),
			"spec.endpoints[].successThreshold":          int64(1),
			"spec.endpoints[].importance":                "Essential",
			"spec.endpoints[].http.method":               "GET",
			"spec.endpoints[].http.expectedStatuses":     list("200-299"),
			"spec.endpoints[].tls.renewBefore":           "504h",
			"spec.endpoints[].dns.recordType":            "A",
			"spec.hosting.interval":                      "60s",
			"spec.hosting.failureThreshold":              int64(2),
			"spec.hosting.linux.requiredUnits[].state":   "active",
			"spec.dependencies[].strength":               "Hard",
			"spec.maintenance[].timeZone":                "Europe/Berlin",
		},
	},
	{
		kind: "Application",
		spec: object(
			"displayName", object("de", "a"), "origin", "Project", "lifecycle", "Planned",
			"responsible", object("unitRef", object("name", "amt-10")),
			"operation", object("provider", "Undetermined"),
			"hosting", object("platform", "Windows", "windows", object(
				"hosts", list(object("name", "a", "metricsURL", "http://a/metrics")),
				"requiredServices", list(object("name", "W3SVC")))),
		),
		want: map[string]any{
			"spec.operation.serves":                         list("City"),
			"spec.hosting.interval":                         "60s",
			"spec.hosting.failureThreshold":                 int64(2),
			"spec.hosting.windows.requiredServices[].state": "running",
		},
	},
	{
		kind: "Application",
		spec: object(
			"displayName", object("de", "a"), "origin", "Project", "lifecycle", "Planned",
			"responsible", object("unitRef", object("name", "amt-10")),
			"operation", object("provider", "Undetermined"),
			"hosting", object("platform", "SAP", "sap", object(
				"systemID", "P01", "instances", list(object("host", "a", "number", "00")), "tls", object())),
		),
		want: map[string]any{
			"spec.operation.serves":            list("City"),
			"spec.hosting.interval":            "60s",
			"spec.hosting.failureThreshold":    int64(2),
			"spec.hosting.sap.tls.renewBefore": "504h",
		},
	},
	{
		kind: "ServiceLevel",
		spec: object(
			"displayName", object("de", "a"),
			"availability", object("objective", "99.9", "window", object("calendar", "Month")),
			"serviceHours", object("weekly", list(object("days", list("Monday"), "from", "07:00", "to", "18:00"))),
			"maintenance", list(object("name", "a", "schedule", "0 18 * * 2", "duration", "2h")),
			"alerting", object(),
		),
		want: map[string]any{
			"spec.availability.minimumCoverage": "95",
			"spec.serviceHours.timeZone":        "Europe/Berlin",
			"spec.serviceHours.holidays":        "None",
			"spec.maintenance[].timeZone":       "Europe/Berlin",
			"spec.alerting.burnRate":            "Enabled",
		},
	},
	{
		kind: "Project",
		spec: object("displayName", object("de", "a"), "officeRef", object("name", "amt-33"),
			"onlineServices", list(object("ozgService", "a", "name", "b"))),
		want: map[string]any{
			"spec.track":                           "Standard",
			"spec.onlineServices[].targetMaturity": int64(2),
		},
	},
	{
		kind: "Handover",
		spec: object("projectRef", object("name", "a"), "applicationRefs", list(object("name", "a")),
			"operationsUnitRef", object("name", "kdz-16-03"), "criteria", list(object("name", "a", "description", "b"))),
		want: map[string]any{
			"spec.checks": list("EndpointsAvailable", "HostingHealthy", "BackedUp", "ServiceLevelAssigned", "Centralised",
				"CertificatesValid", "ContactsNamed"),
			"spec.stableFor":           "15m",
			"spec.criteria[].required": true,
		},
	},
	{
		kind: "GovernancePolicy",
		spec: object(
			"centralisation", object("providerUnitRef", object("name", "kdz-16"), "workloads", object()),
			"handovers", object("defaultCriteria", list(object("name", "a", "description", "b")))),
		want: map[string]any{
			"spec.centralisation.enforcement":           "Deny",
			"spec.centralisation.expiryNotice":          "1440h",
			"spec.centralisation.workloads.enforcement": "Audit",
			"spec.centralisation.workloads.resources": list("deployments", "statefulsets", "daemonsets", "cronjobs",
				"ingresses", "httproutes"),
			"spec.handovers.requiredSignOffs":           list("ProjectLead", "Operations", "ApplicationManagement"),
			"spec.handovers.defaultCriteria[].required": true,
		},
	},
	{kind: "OrganisationalUnit", spec: object("number", "1", "type", "Office", "displayName", object("de", "a"))},
	{kind: "Exemption", spec: object("applicationRef", object("name", "a"), "reason", "b", "expiresOn", "2027-12-31",
		"decision", decision("SR-1", "Approved"))},
}

// TestDefaults shows what the server fills in, that it fills in nothing else,
// and that no default of the definitions is left out here. It does not run
// beside the tests that store objects of the same names.
func TestDefaults(t *testing.T) {
	c := admin(t)
	shown := map[string]bool{}
	for i, d := range defaults {
		t.Run(fmt.Sprint(i, d.kind), func(t *testing.T) {
			o := &unstructured.Unstructured{}
			o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(d.kind))
			o.SetName(valid(t, d.kind).GetName())
			o.SetNamespace(valid(t, d.kind).GetNamespace())
			o.Object["spec"] = d.spec
			given := leaves("spec", o.DeepCopy().Object["spec"])
			if err := c.Create(t.Context(), o, client.DryRunAll); err != nil {
				t.Fatal(err)
			}
			got := leaves("spec", o.Object["spec"])
			maps.DeleteFunc(got, func(path string, _ any) bool { _, ok := given[path]; return ok })
			if diff := cmp.Diff(d.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("filled in (-want +got):\n%s", diff)
			}
			for path := range d.want {
				shown[d.kind+" "+path] = true
			}
		})
	}
	for _, crd := range definitions(t) {
		kind := crd.Spec.Names.Kind
		walk("", schemaOf(crd), false, func(path string, s *apiextensionsv1.JSONSchemaProps, _ bool) {
			if s.Default != nil && !shown[kind+" "+path] && strings.HasPrefix(path, "spec.") {
				t.Errorf("%s: the default of %s is not shown", kind, path)
			}
		})
	}
	if len(shown) < 30 {
		t.Errorf("only %d defaults shown: %v", len(shown), slices.Sorted(maps.Keys(shown)))
	}
}

// leaves are the values of an object by path, those of a list's items under
// one path, and a list of plain values as one.
func leaves(path string, v any) map[string]any {
	found := map[string]any{}
	switch v := v.(type) {
	case map[string]any:
		for name, below := range v {
			maps.Copy(found, leaves(path+"."+name, below))
		}
	case []any:
		for _, item := range v {
			if _, ok := item.(map[string]any); !ok {
				found[path] = v
				break
			}
			maps.Copy(found, leaves(path+"[]", item))
		}
	default:
		found[path] = v
	}
	return found
}
