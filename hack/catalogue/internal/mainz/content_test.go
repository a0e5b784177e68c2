// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
)

// marked says whether an annotation names a field path.
func marked(o metav1.Object, annotation, path string) bool {
	return slices.Contains(strings.Split(o.GetAnnotations()[annotation], ","), path)
}

func TestReferencesResolve(t *testing.T) {
	c := build(t)
	unitTypes := map[v1alpha1.ObjectName]v1alpha1.UnitType{}
	for _, u := range c.Units {
		unitTypes[v1alpha1.ObjectName(u.Name)] = u.Spec.Type
	}
	namespaces, levels, have := map[string]bool{}, map[v1alpha1.ObjectName]bool{}, map[string]bool{}
	for _, n := range c.Namespaces {
		namespaces[n.Name] = true
	}
	for _, l := range c.ServiceLevels {
		levels[v1alpha1.ObjectName(l.Name)] = true
	}
	for _, a := range c.Applications {
		have["a "+a.Namespace+"/"+a.Name] = true
	}
	for _, p := range c.Projects {
		have["p "+p.Namespace+"/"+p.Name] = true
	}
	need := func(what string, ok bool) {
		t.Helper()
		if !ok {
			t.Errorf("%s does not resolve", what)
		}
	}
	object := func(from metav1.Object, kind, namespace, name string) {
		t.Helper()
		if namespace == "" {
			namespace = from.GetNamespace()
		}
		need(from.GetNamespace()+"/"+from.GetName()+" → "+namespace+"/"+name, have[kind+namespace+"/"+name])
	}
	for _, u := range c.Units {
		if p := u.Spec.ParentRef; p != nil {
			need("parent of "+u.Name, unitTypes[p.Name] != "")
		}
	}
	for _, a := range c.Applications {
		need("namespace "+a.Namespace, namespaces[a.Namespace])
		for _, ref := range []*v1alpha1.UnitReference{a.Spec.Operation.UnitRef, a.Spec.Operation.SupportUnitRef} {
			if ref != nil {
				need("group of "+a.Name, unitTypes[ref.Name] == v1alpha1.UnitKDZ)
			}
		}
		if r := a.Spec.Operation.Review; r != nil {
			for _, name := range r.Reviewers {
				need("reviewer of "+a.Name, unitTypes[name] != "")
			}
		}
		if l := a.Spec.ServiceLevelRef; l != nil {
			need("service level of "+a.Name, levels[l.Name])
		}
		if r := a.Spec.ReplacedByRef; r != nil {
			object(a, "a ", "", string(r.Name))
		}
		if by := a.Annotations[AnnotationReplacedBy]; by != "" {
			need("successor of "+a.Name, have["a "+by])
		}
		for _, d := range a.Spec.Dependencies {
			object(a, "a ", string(d.Namespace), string(d.Name))
		}
	}
	for _, p := range c.Projects {
		need("namespace "+p.Namespace, namespaces[p.Namespace])
		need("office of "+p.Name, unitTypes[p.Spec.OfficeRef.Name] != "")
		if ref := p.Spec.ParentRef; ref != nil {
			object(p, "p ", string(ref.Namespace), string(ref.Name))
		}
		for _, ref := range p.Spec.DependsOn {
			object(p, "p ", string(ref.Namespace), string(ref.Name))
		}
		for _, s := range p.Spec.OnlineServices {
			if s.OfficeRef != nil {
				need("office of "+s.Name, unitTypes[s.OfficeRef.Name] != "")
			}
		}
	}
	need("provider of the policy", unitTypes[c.Policy.Spec.Centralisation.ProviderUnitRef.Name] == v1alpha1.UnitKDZ)
	need("lead of the policy", unitTypes[c.Policy.Spec.Projects.LeadUnitRef.Name] == v1alpha1.UnitOffice)
}

func TestLimits(t *testing.T) {
	c := build(t)
	for _, a := range c.Applications {
		if n := len(a.Spec.Endpoints); n > 5 {
			t.Errorf("%s/%s has %d endpoints; the lab is meant for 5", a.Namespace, a.Name, n)
		}
		if len(a.Spec.Dependencies) > 32 || len(a.Spec.OnlineServices) > 64 || len(a.Spec.Contracts) > 32 {
			t.Errorf("%s/%s is over a limit", a.Namespace, a.Name)
		}
	}
	for _, p := range c.Projects {
		if len(p.Spec.OnlineServices) > 512 || len(p.Spec.Milestones) > 200 {
			t.Errorf("%s/%s is over a limit", p.Namespace, p.Name)
		}
	}
}

// TestNothingIsInvented checks that what no paper says is absent or marked.
func TestNothingIsInvented(t *testing.T) {
	c := build(t)
	legal := map[string]bool{}
	for _, s := range c.Policy.Spec.Centralisation.StateServices {
		legal[s.LegalBasis] = true
	}
	for _, a := range c.Applications {
		s := a.Spec
		where := a.Namespace + "/" + a.Name
		if string(s.Responsible.UnitRef.Name) != a.Namespace {
			t.Errorf("%s: the namespace belongs to another unit than %s", where, s.Responsible.UnitRef.Name)
		}
		examples := map[string]bool{
			"spec.endpoints": s.Endpoints != nil, "spec.serviceLevelRef": s.ServiceLevelRef != nil, "spec.protection": s.Protection != nil,
			"spec.dependencies": s.Dependencies != nil, "spec.contracts": s.Contracts != nil, "spec.operation.review.dueOn": s.Operation.Review != nil,
			"spec.hosting": s.Hosting != nil && s.Hosting.SaaS == nil, "spec.backup": s.Backup != nil,
		}
		for path, present := range examples {
			if present != marked(a, v1alpha1.AnnotationExample, path) {
				t.Errorf("%s: %s is present %v, marked as an example %v", where, path, present, !present)
			}
		}
		if s.Maintenance != nil || s.Sovereignty != nil || s.Release != nil || s.Operation.Transition != nil {
			t.Errorf("%s: something is declared that no table holds", where)
		}
		switch s.Operation.Provider {
		case v1alpha1.ProviderKDZ:
			if s.Operation.UnitRef == nil {
				t.Errorf("%s: provided by the KDZ, but no group runs it", where)
			}
		case v1alpha1.ProviderState:
			if !legal[s.Operation.LegalBasis] {
				t.Errorf("%s: the policy does not have the legal basis %q", where, s.Operation.LegalBasis)
			}
		case v1alpha1.ProviderUndetermined:
			if s.Operation.UnitRef != nil || s.Operation.SupportUnitRef != nil || s.Endpoints != nil {
				t.Errorf("%s: nobody has declared the provider, yet there are units or endpoints", where)
			}
		}
		if a.Annotations[AnnotationSource] == "" {
			t.Errorf("%s: no source is named", where)
		}
		if (s.Lifecycle == v1alpha1.LifecyclePlanned) != (s.Origin == v1alpha1.OriginProject) {
			t.Errorf("%s: origin %s and lifecycle %s do not fit", where, s.Origin, s.Lifecycle)
		}
	}
	for _, l := range c.ServiceLevels {
		if !marked(l, v1alpha1.AnnotationExample, "spec") || l.Spec.Decision != nil {
			t.Errorf("service level %s: it is no example, or has a decision that no paper names", l.Name)
		}
	}
	for _, p := range c.Projects {
		s := p.Spec
		if s.Recorded == nil || s.Need != nil || s.Request != nil || s.Decisions != nil || s.Commission != nil || s.Acceptance != nil || s.Paused != nil {
			t.Errorf("%s/%s: a recorded stage and no evidence is expected", p.Namespace, p.Name)
		}
	}
}

func TestStateServices(t *testing.T) {
	var nine, further int
	c := build(t)
	for _, s := range c.Policy.Spec.Centralisation.StateServices {
		isExample := marked(c.Policy, v1alpha1.AnnotationExample, "spec.centralisation.stateServices["+s.Name+"]")
		switch {
		case s.LegalBasis == "EGovGRP § 25 Abs. 4" && !isExample:
			nine++
		case isExample:
			further++
		default:
			t.Errorf("%s is neither one of the nine nor marked as an example", s.Name)
		}
	}
	if nine != 9 || further != 4 {
		t.Errorf("got %d basic services and %d further ones, want 9 and 4", nine, further)
	}
}

// TestMappings checks single rows against what is known of them.
func TestMappings(t *testing.T) {
	c := build(t)
	apps := map[string]*v1alpha1.Application{}
	for _, a := range c.Applications {
		apps[a.Namespace+"/"+a.Name] = a
	}
	tests := []struct {
		name      string
		lifecycle v1alpha1.Lifecycle
		provider  v1alpha1.Provider
		unit      string
	}{
		{"amt-33/homepage", v1alpha1.LifecycleOperating, v1alpha1.ProviderKDZ, "kdz-16-03-04"},
		{"amt-60/bauakte", v1alpha1.LifecyclePlanned, v1alpha1.ProviderKDZ, "kdz-16-03-01"},
		{"amt-10/open-data", v1alpha1.LifecyclePlanned, v1alpha1.ProviderKDZ, "kdz-16-03-04"},
		{"amt-10/mitarbeiterportal-hcm", v1alpha1.LifecyclePhasingOut, v1alpha1.ProviderKDZ, "kdz-16-03-04"},
		{"kdz-16/formularserver", v1alpha1.LifecycleRetired, v1alpha1.ProviderKDZ, "kdz-16-03-04"},
		{"amt-20/buergerhaushalt", v1alpha1.LifecycleRetired, v1alpha1.ProviderKDZ, "kdz-16-03-04"},
		{"amt-10/dokumentenmanagementsystem", v1alpha1.LifecycleOperating, v1alpha1.ProviderKDZ, "kdz-16-03-01"},
		{"amt-30/geburtsurkunde-rlpdirekt", v1alpha1.LifecycleOperating, v1alpha1.ProviderState, ""},
		{"amt-20/buergerkonto", v1alpha1.LifecyclePlanned, v1alpha1.ProviderState, ""},
		{"amt-70/abfallkalender", v1alpha1.LifecycleOperating, v1alpha1.ProviderUndetermined, ""},
		{"amt-37/timeoffice-wachabteilung", v1alpha1.LifecycleOperating, v1alpha1.ProviderDecentral, ""},
		{"amt-40-edu/paedagogische-it", v1alpha1.LifecycleOperating, v1alpha1.ProviderDecentral, ""},
	}
	for _, tc := range tests {
		a := apps[tc.name]
		if a == nil {
			t.Errorf("there is no %s", tc.name)
			continue
		}
		unit := ""
		if ref := a.Spec.Operation.UnitRef; ref != nil {
			unit = string(ref.Name)
		}
		got := []string{string(a.Spec.Lifecycle), string(a.Spec.Operation.Provider), unit}
		if diff := cmp.Diff([]string{string(tc.lifecycle), string(tc.provider), tc.unit}, got); diff != "" {
			t.Errorf("%s: %s", tc.name, diff)
		}
	}
	if r := apps["amt-10/mitarbeiterportal-hcm"].Spec.ReplacedByRef; r == nil || r.Name != "elektronische-zeiterfassung" {
		t.Errorf("the employee portal is replaced by %v", r)
	}
	if by := apps["kdz-16/formularserver"].Annotations[AnnotationReplacedBy]; by != "amt-10/antrags-und-prozessplattform" {
		t.Errorf("the form server is replaced by %q", by)
	}
	if r := apps["amt-40-edu/paedagogische-it"].Spec.Operation.Review; r != nil {
		t.Error("a named exception needs no review")
	}
	hcm := apps["amt-10/sap-personalwirtschaft"].Spec.Operation
	if hcm.Clients == nil || *hcm.Clients != 80 || len(hcm.Serves) != 2 || hcm.SupportUnitRef.Name != "kdz-16-02-01" {
		t.Errorf("SAP human resources: %+v", hcm)
	}
	if n := len(apps["amt-61/bewohnerparkausweis-online"].Spec.OnlineServices); n != 3 {
		t.Errorf("the resident parking permit has %d online services, want 3", n)
	}
}

func TestProjects(t *testing.T) {
	projects := map[string]*v1alpha1.Project{}
	for _, p := range build(t).Projects {
		projects[p.Namespace+"/"+p.Name] = p
	}
	ozg := projects["amt-10/ozg"].Spec
	excluded := 0
	for _, row := range rows(t, fileExclusions) {
		if row["table"] == fileOnline {
			excluded++
		}
	}
	if got, want := len(ozg.OnlineServices), len(rows(t, fileOnline))-excluded; got != want || excluded == 0 {
		t.Errorf("the programme has to deliver %d online services, want %d", got, want)
	}
	for _, s := range ozg.OnlineServices {
		if s.TargetMaturity == nil || *s.TargetMaturity != 2 {
			t.Errorf("%s has another target than 2", s.Name)
		}
	}
	want := &v1alpha1.RecordedStage{Stage: v1alpha1.StageInImplementation, AsOfOn: "2025-04-30", Source: "mainzDIGITAL status report"}
	if diff := cmp.Diff(want, ozg.Recorded); diff != "" {
		t.Error(diff)
	}
	if len(ozg.Milestones) != 1 || ozg.Milestones[0].DueOn != "2026-12-31" || ozg.Milestones[0].CompletedOn != "" {
		t.Errorf("milestones of the programme: %+v", ozg.Milestones)
	}
	if p := projects["amt-50/efa-elterngeld"]; p.Spec.ParentRef == nil || p.Spec.ParentRef.Namespace != "amt-10" || !marked(p, AnnotationInferred, "spec.parentRef") {
		t.Errorf("EfA parental allowance: parent %v", p.Spec.ParentRef)
	} else if m := p.Spec.Milestones; len(m) != 1 || m[0].CompletedOn != "2025-01-31" || !marked(p, AnnotationInferred, "spec.milestones") {
		t.Errorf("EfA parental allowance: milestones %+v", m)
	}
	if p := projects["amt-10/softphones"]; p.Spec.ParentRef == nil || p.Spec.ParentRef.Namespace != "" || marked(p, AnnotationInferred, "spec.parentRef") {
		t.Errorf("softphones: parent %v", p.Spec.ParentRef)
	}
	if p := projects["amt-10/lorawan-netz"]; p.Spec.OfficeRef.Name != "amt-10" || !marked(p, v1alpha1.AnnotationExample, "spec.officeRef") {
		t.Error("a project without an office is the main office's, marked as an example")
	}
	if d := projects["amt-61/digitaler-zwilling"].Spec.DependsOn; len(d) != 1 || d[0].Name != "webgis-relaunch" {
		t.Errorf("the digital twin depends on %v", d)
	}
}

// TestLab checks what the lab of the demonstration is asked to do.
func TestLab(t *testing.T) {
	lab, faults := map[string]int{}, map[string]int{}
	refused := map[string]bool{}
	for _, row := range rows(t, fileEndpoints) {
		lab[row["lab"]]++
		if row["lab"] == "down" {
			faults[row["fault"]]++
		}
		if row["fault"] == "refused" {
			refused[row["url"]] = true
		}
	}
	if diff := cmp.Diff(map[string]int{"refused": 1, "status-500": 1, "expired-certificate": 1}, faults); diff != "" {
		t.Error(diff)
	}
	if lab["flaps"] != 1 || lab["up"] < 9*(lab["down"]+lab["slow"]) {
		t.Errorf("most must be up and one flap: %v", lab)
	}
	if len(refused) != 1 {
		t.Errorf("refused: %v", refused)
	}
}

// TestLabServers checks that the lab can treat apart what has a server of its
// own, and that it serves every scheme.
func TestLabServers(t *testing.T) {
	alone := []string{"tcp", "dns", "ssh", "grpc", "grpcs", "smtp", "smtps", "imap", "imaps", "ldap", "ldaps"}
	ports, schemes, secured := map[string]string{}, map[string]int{}, map[string]int{}
	for _, row := range rows(t, fileEndpoints) {
		scheme, address, _ := strings.Cut(row["url"], "://")
		schemes[scheme]++
		if row["ca_secret"] != "" {
			secured[scheme]++
		}
		if scheme == "dns" {
			address = row["dns_server"]
		}
		if !slices.Contains(alone, scheme) {
			continue
		}
		if other, shared := ports[address]; shared {
			t.Errorf("%s and %s share %s, so the lab cannot treat them apart", other, row["application"], address)
		}
		ports[address] = row["application"]
	}
	for _, scheme := range append([]string{"http", "https", "tls", "icmp"}, alone...) {
		if schemes[scheme] == 0 {
			t.Errorf("no endpoint has the scheme %s", scheme)
		}
	}
	for _, scheme := range []string{"https", "tls", "grpcs", "smtp", "smtps", "imap", "imaps", "ldap", "ldaps"} {
		if secured[scheme] == 0 {
			t.Errorf("no endpoint with %s is asked over TLS", scheme)
		}
	}
}
