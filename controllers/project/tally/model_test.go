// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"maps"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

type key = types.NamespacedName

// city is what the index is compared with: everything there is, looked at anew.
// What cannot be decoded is kept as it was last read.
type city struct {
	projects  map[key]*v1alpha1.Project
	handovers map[key]*v1alpha1.Handover
	apps      map[key]*v1alpha1.Application
	units     map[v1alpha1.ObjectName]*v1alpha1.OrganisationalUnit
	policy    *v1alpha1.ProjectPolicy
}

func newCity() *city {
	return &city{
		map[key]*v1alpha1.Project{},
		map[key]*v1alpha1.Handover{},
		map[key]*v1alpha1.Application{},
		map[v1alpha1.ObjectName]*v1alpha1.OrganisationalUnit{},
		nil,
	}
}

// recount looks at all there is around a project.
func (c *city) recount(p *v1alpha1.Project) Snapshot {
	s := Snapshot{Policy: c.policy, LeadUnits: c.leading(), Offered: map[stagegate.Service]int32{}}
	own := client.ObjectKeyFromObject(p)
	for i := range p.Spec.DependsOn {
		other := ProjectKey(p.Namespace, &p.Spec.DependsOn[i])
		is := stagegate.Predecessor{Key: other}
		if q := c.projects[other]; q != nil {
			is.Exists, is.Stage = true, q.Status.Stage
		}
		s.Predecessors = append(s.Predecessors, is)
	}
	for other, q := range c.projects {
		if q.Spec.ParentRef != nil && ProjectKey(q.Namespace, q.Spec.ParentRef) == own {
			s.Parts = append(s.Parts, stagegate.Part{Key: other, Stage: q.Status.Stage, Overdue: len(q.Status.Conditions) > 0})
		}
	}
	slices.SortFunc(s.Parts, func(a, b stagegate.Part) int { return strings.Compare(a.Key.String(), b.Key.String()) })
	for i := range p.Spec.Deliverables {
		s.Deliverables = append(s.Deliverables, c.deliverable(own, ApplicationKey(p.Namespace, &p.Spec.Deliverables[i])))
	}
	for i := range p.Spec.OnlineServices {
		wanted := stagegate.Service{OZGService: p.Spec.OnlineServices[i].OZGService, Name: p.Spec.OnlineServices[i].Name}
		if best := c.best(wanted); best >= 0 {
			s.Offered[wanted] = best
		}
	}
	if p.Spec.ParentRef != nil {
		s.Parent = c.projects[ProjectKey(p.Namespace, p.Spec.ParentRef)] != nil
	}
	s.Office = c.units[p.Spec.OfficeRef.Name] != nil
	s.Lead = p.Spec.Lead != nil && c.units[p.Spec.Lead.UnitRef.Name] != nil
	return s
}

func (c *city) deliverable(project, app key) stagegate.Deliverable {
	var best *v1alpha1.Handover
	for _, h := range c.handovers {
		names := slices.ContainsFunc(h.Spec.ApplicationRefs, func(ref v1alpha1.ApplicationReference) bool {
			return ApplicationKey(h.Namespace, &ref) == app
		})
		if names && ProjectKey(h.Namespace, &h.Spec.ProjectRef) == project && (best == nil || acceptance.Further(h, best)) {
			best = h
		}
	}
	d := stagegate.Deliverable{Key: app}
	if best != nil {
		d.Handover, d.Stage = client.ObjectKeyFromObject(best), best.Status.Stage
	}
	return d
}

// best is the highest maturity of a service that an Application in operation
// offers; -1 if none does.
func (c *city) best(wanted stagegate.Service) int32 {
	best := int32(-1)
	for _, a := range c.apps {
		if a.Spec.Lifecycle != v1alpha1.LifecycleOperating && a.Spec.Lifecycle != v1alpha1.LifecyclePhasingOut {
			continue
		}
		for _, o := range a.Spec.OnlineServices {
			maturity := int32(0)
			if o.Maturity != nil {
				maturity = *o.Maturity
			}
			if wanted == (stagegate.Service{OZGService: o.OZGService, Name: o.Name}) {
				best = max(best, maturity)
			}
		}
	}
	return best
}

// leading are the units from which one comes up to the one that leads.
func (c *city) leading() map[v1alpha1.ObjectName]bool {
	if c.policy == nil || c.policy.LeadUnitRef == nil {
		return nil
	}
	top := c.policy.LeadUnitRef.Name
	found := map[v1alpha1.ObjectName]bool{top: true}
	for name := range c.units {
		at := name
		for range c.units {
			if u := c.units[at]; u != nil && u.Spec.ParentRef != nil && at != top {
				at = u.Spec.ParentRef.Name
			}
		}
		if at == top {
			found[name] = true
		}
	}
	return found
}

// waitsFor says whether a project is complete only after another one, next to
// it.
func (c *city) waitsFor(a, b key) bool {
	if p := c.projects[a]; p != nil && slices.ContainsFunc(p.Spec.DependsOn, func(ref v1alpha1.ProjectReference) bool {
		return ProjectKey(p.Namespace, &ref) == b
	}) {
		return true
	}
	p := c.projects[b]
	return p != nil && p.Spec.ParentRef != nil && ProjectKey(p.Namespace, p.Spec.ParentRef) == a
}

// distances are the lengths of the shortest ways between projects.
func (c *city) distances() map[[2]key]int {
	d := map[[2]key]int{}
	for _, a := range allProjects {
		for _, b := range allProjects {
			if c.waitsFor(a, b) {
				d[[2]key{a, b}] = 1
			}
		}
	}
	for _, via := range allProjects {
		for _, a := range allProjects {
			for _, b := range allProjects {
				first, second := d[[2]key{a, via}], d[[2]key{via, b}]
				if now := d[[2]key{a, b}]; first > 0 && second > 0 && (now == 0 || first+second < now) {
					d[[2]key{a, b}] = first + second
				}
			}
		}
	}
	return d
}

var (
	allProjects  = []key{{Namespace: "m", Name: "a"}, {Namespace: "n", Name: "a"}, {Namespace: "n", Name: "b"}, {Namespace: "n", Name: "c"}, {Namespace: "n", Name: "d"}}
	applications = []key{{Namespace: "m", Name: "x"}, {Namespace: "n", Name: "x"}, {Namespace: "n", Name: "y"}}
	offered      = []string{"Ausweis", "Parken"}
	allUnits     = []v1alpha1.ObjectName{"amt-10", "amt-10-1", "amt-10-2", "amt-33"}
)

func some[T any](t *rapid.T, label string, of []T, most int) []T {
	return rapid.SliceOfN(rapid.SampledFrom(of), 0, most).Draw(t, label)
}

func drawProjectRef(t *rapid.T, label string) *v1alpha1.ProjectReference {
	to := rapid.SampledFrom(allProjects).Draw(t, label)
	return &v1alpha1.ProjectReference{Namespace: v1alpha1.NamespaceName(to.Namespace), Name: v1alpha1.ObjectName(to.Name)}
}

func drawApplicationRefs(t *rapid.T, namespace string, most int) []v1alpha1.ApplicationReference {
	var refs []v1alpha1.ApplicationReference
	for _, to := range some(t, "applications", applications, most) {
		ref := v1alpha1.ApplicationReference{Namespace: v1alpha1.NamespaceName(to.Namespace), Name: v1alpha1.ObjectName(to.Name)}
		if to.Namespace == namespace {
			ref.Namespace = ""
		}
		refs = append(refs, ref)
	}
	return refs
}

func drawProject(t *rapid.T, k key) *v1alpha1.Project {
	p := &v1alpha1.Project{ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: k.Name}}
	p.Status.Stage = rapid.SampledFrom([]v1alpha1.ProjectStage{"", v1alpha1.StageRegistered, v1alpha1.StageCompleted}).Draw(t, "stage")
	if rapid.Bool().Draw(t, "overdue") {
		p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionOnSchedule, Status: metav1.ConditionFalse}}
	}
	if rapid.IntRange(0, 9).Draw(t, "undecodable") == 0 {
		p.DecodingError = "spec: cannot unmarshal"
		return p
	}
	if rapid.Bool().Draw(t, "part") {
		p.Spec.ParentRef = drawProjectRef(t, "parent")
	}
	for range rapid.IntRange(0, 2).Draw(t, "predecessors") {
		p.Spec.DependsOn = append(p.Spec.DependsOn, *drawProjectRef(t, "predecessor"))
	}
	p.Spec.Deliverables = drawApplicationRefs(t, k.Namespace, 2)
	for _, service := range some(t, "services", offered, 2) {
		p.Spec.OnlineServices = append(p.Spec.OnlineServices, v1alpha1.TargetOnlineService{OZGService: "OZG", Name: service})
	}
	p.Spec.OfficeRef.Name = rapid.SampledFrom(allUnits).Draw(t, "office")
	if rapid.Bool().Draw(t, "led") {
		p.Spec.Lead = &v1alpha1.ProjectLead{UnitRef: &v1alpha1.UnitReference{Name: rapid.SampledFrom(allUnits).Draw(t, "lead")}}
	}
	return p
}

func drawHandover(t *rapid.T, k key) *v1alpha1.Handover {
	h := &v1alpha1.Handover{ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: k.Name}}
	h.Status.Stage = rapid.SampledFrom([]v1alpha1.HandoverStage{"", v1alpha1.HandoverRejected, v1alpha1.HandoverPreparing, v1alpha1.HandoverCompleted}).Draw(t, "handover stage")
	if rapid.IntRange(0, 9).Draw(t, "undecodable") == 0 {
		h.DecodingError = "spec: cannot unmarshal"
		return h
	}
	h.Spec.ProjectRef = *drawProjectRef(t, "project")
	h.Spec.ApplicationRefs = drawApplicationRefs(t, k.Namespace, 3)
	return h
}

func drawApplication(t *rapid.T, k key) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: k.Name}}
	if rapid.IntRange(0, 9).Draw(t, "undecodable") == 0 {
		a.DecodingError = "spec: cannot unmarshal"
		return a
	}
	a.Spec.Lifecycle = rapid.SampledFrom([]v1alpha1.Lifecycle{v1alpha1.LifecycleOperating, v1alpha1.LifecyclePhasingOut, v1alpha1.LifecyclePlanned}).Draw(t, "lifecycle")
	for _, service := range some(t, "offers", offered, 2) {
		o := v1alpha1.OnlineService{OZGService: "OZG", Name: service}
		if rapid.Bool().Draw(t, "mature") {
			o.Maturity = new(rapid.Int32Range(0, 4).Draw(t, "maturity"))
		}
		a.Spec.OnlineServices = append(a.Spec.OnlineServices, o)
	}
	return a
}

// step lets something happen to the city and tells the index, which says whom it
// concerns.
func (c *city) step(t *rapid.T, x *Index) []key {
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0:
		k := rapid.SampledFrom(allProjects).Draw(t, "project that goes")
		delete(c.projects, k)
		return append(x.DeleteProject(k), k)
	case 1:
		k := rapid.SampledFrom(allProjects).Draw(t, "handover that goes")
		delete(c.handovers, k)
		return x.DeleteHandover(k)
	case 2:
		k := rapid.SampledFrom(applications).Draw(t, "application that goes")
		delete(c.apps, k)
		return x.DeleteApplication(k)
	case 3, 4:
		return c.stepTree(t, x)
	case 5, 6:
		return c.stepAround(t, x)
	default:
		k := rapid.SampledFrom(allProjects).Draw(t, "project")
		p := drawProject(t, k)
		touched := append(x.SetProject(ProjectOf(p)), k)
		if was := c.projects[k]; was != nil && p.DecodingError != "" {
			p.Spec = was.Spec
		}
		c.projects[k] = p
		return touched
	}
}

func (c *city) stepTree(t *rapid.T, x *Index) []key {
	switch rapid.IntRange(0, 3).Draw(t, "what of the tree") {
	case 0:
		name := rapid.SampledFrom(allUnits).Draw(t, "unit that goes")
		delete(c.units, name)
		return x.DeleteUnit(name)
	case 1:
		c.policy = rapid.SampledFrom([]*v1alpha1.ProjectPolicy{
			nil, {}, {LeadUnitRef: &v1alpha1.UnitReference{Name: "amt-10"}}, {LeadUnitRef: &v1alpha1.UnitReference{Name: "amt-33"}},
		}).Draw(t, "policy")
		return x.SetPolicy(c.policy)
	default:
		u := &v1alpha1.OrganisationalUnit{}
		u.Name = string(rapid.SampledFrom(allUnits).Draw(t, "unit"))
		if rapid.Bool().Draw(t, "below") {
			u.Spec.ParentRef = &v1alpha1.UnitReference{Name: rapid.SampledFrom(allUnits).Draw(t, "above")}
		} else if rapid.IntRange(0, 4).Draw(t, "undecodable") == 0 {
			u.DecodingError = "spec: cannot unmarshal"
		}
		touched := x.SetUnit(UnitOf(u))
		if was := c.units[v1alpha1.ObjectName(u.Name)]; was == nil || u.DecodingError == "" {
			c.units[v1alpha1.ObjectName(u.Name)] = u
		}
		return touched
	}
}

func (c *city) stepAround(t *rapid.T, x *Index) []key {
	if rapid.Bool().Draw(t, "application") {
		k := rapid.SampledFrom(applications).Draw(t, "which application")
		a := drawApplication(t, k)
		touched := x.SetApplication(ApplicationOf(a))
		if was := c.apps[k]; was != nil && a.DecodingError != "" {
			a.Spec = was.Spec
		}
		c.apps[k] = a
		return touched
	}
	k := rapid.SampledFrom(allProjects).Draw(t, "which handover")
	h := drawHandover(t, k)
	touched := x.SetHandover(HandoverOf(h))
	if was := c.handovers[k]; was != nil && h.DecodingError != "" {
		h.Spec = was.Spec
	}
	c.handovers[k] = h
	return touched
}

// only keeps of the units that of a project's lead.
func only(units map[v1alpha1.ObjectName]bool, p *v1alpha1.Project) map[v1alpha1.ObjectName]bool {
	if p.Spec.Lead == nil {
		return nil
	}
	return map[v1alpha1.ObjectName]bool{p.Spec.Lead.UnitRef.Name: units[p.Spec.Lead.UnitRef.Name]}
}

// sameWay looks whether a way is one, and as short as it can be.
func (c *city) sameWay(t *rapid.T, from key, way []key, length int) {
	if len(way) == 0 && length == 0 {
		return
	}
	if len(way) != length+1 || way[0] != from || way[len(way)-1] != from {
		t.Fatalf("the way on which %s waits for itself is %v, want one of length %d", from, way, length)
	}
	for i := range way[1:] {
		if !c.waitsFor(way[i], way[i+1]) {
			t.Fatalf("%s does not wait for %s, on the way %v", way[i], way[i+1], way)
		}
	}
}

// takenBack takes all back, so that nothing is left.
func (c *city) takenBack(t *rapid.T, x *Index) {
	for _, k := range slices.Collect(maps.Keys(c.projects)) {
		x.DeleteProject(k)
	}
	for k := range c.handovers {
		x.DeleteHandover(k)
	}
	for k := range c.apps {
		x.DeleteApplication(k)
	}
	for name := range c.units {
		x.DeleteUnit(name)
	}
	left := len(x.projects) + len(x.handovers) + len(x.applications) + len(x.services) + len(x.units.parents) +
		len(x.parts) + len(x.dependents) + len(x.delivering) + len(x.wanting) + len(x.under) + len(x.handing)
	if left != 0 {
		t.Fatalf("something is left of what is gone: %+v", x)
	}
}
