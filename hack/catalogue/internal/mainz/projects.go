// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// onlineProgramme is the project that has to deliver the online services.
var onlineProgramme = objectKey{"amt-10", "ozg"}

// targetMaturity is the maturity that the city wants for every service of its
// own competence by the end of 2026.
const targetMaturity = 2

// project is a Project in the making.
type project struct {
	object *v1alpha1.Project
	at     table.Cell
	marks  marks
}

// stages are those that a paper may assert.
var stages = []string{
	"Registered", "Assessed", "AwaitingDecision", "Deferred", "Approved", "Commissioned", "InProcurement",
	"InTrial", "InImplementation", "InAcceptance", "InHandover", "Completed", "Paused", "Rejected",
}

// buildProjects makes the Projects, then joins them to each other.
func (b *builder) buildProjects() {
	var included []table.Row
	for _, row := range b.tables[fileProjects] {
		if b.out.excluded(fileProjects, row.Get("office"), row.Get("name_de")) {
			continue
		}
		included = append(included, row)
		b.project(row)
	}
	parents, needs := map[string][]string{}, map[string][]string{}
	for _, row := range included {
		b.joinProject(row, parents, needs)
	}
}

// office returns the cell of a project's office; where the paper names none it
// is the main office.
func office(row table.Row) (c table.Cell, named bool) {
	c = row.Cell("office")
	named = !c.Empty()
	if !named {
		c.Value = numberMainOffice
	}
	return c, named
}

// project makes one Project: the stage that a paper asserts, and no evidence
// that no paper gives.
func (b *builder) project(row table.Row) {
	at := row.Cell("name_de")
	officeCell, named := office(row)
	key, ok := b.key(officeCell, row.Cell("id"), at)
	if !ok {
		return
	}
	if first, double := b.projects[key]; double {
		b.fail(at, "%s already has a project %q, from %s; set another name in column id", key.namespace, key.name, first.at.Place())
		return
	}
	u := b.units[officeCell.Value]
	u.owns = true
	p := &project{at: at, object: &v1alpha1.Project{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Project"},
		ObjectMeta: metav1.ObjectMeta{Name: key.name, Namespace: key.namespace},
	}}
	b.projects[key] = p
	s := &p.object.Spec
	s.DisplayName = b.text(at, row.Cell("name_en"))
	s.Programme = row.Get("programme")
	s.OfficeRef = u.ref()
	if !named {
		p.marks.example("spec.officeRef")
	}
	b.oneOf(row.Cell("state"), stages...)
	asOf, exact := b.day(row.Cell("as_of"))
	if !exact {
		p.marks.infer("spec.recorded.asOfOn")
	}
	s.Recorded = &v1alpha1.RecordedStage{Stage: v1alpha1.ProjectStage(row.Get("state")), AsOfOn: asOf, Source: row.Get("source")}
	setAnnotation(p.object, AnnotationNote, row.Get("note"))
	if c := row.Cell("start"); !c.Empty() {
		b.day(c)
		setAnnotation(p.object, AnnotationStart, c.Value)
	}
	if c := row.Cell("end"); !c.Empty() {
		p.end(b, row)
	}
}

// end makes a milestone of the end that the paper names.
func (p *project) end(b *builder, row table.Row) {
	on, exact := b.day(row.Cell("end"))
	name := row.Cell("milestone")
	if name.Empty() {
		b.fail(name, "the project has an end, so its milestone needs a name; write one, such as completion")
	}
	m := v1alpha1.Milestone{Name: name.Value, DueOn: on}
	if row.Get("state") == "Completed" {
		m.CompletedOn = on
	}
	if !exact {
		p.marks.infer("spec.milestones")
	}
	p.object.Spec.Milestones = append(p.object.Spec.Milestones, m)
}

// joinProject joins a Project to its parent and to those it depends on.
func (b *builder) joinProject(row table.Row, parents, needs map[string][]string) {
	officeCell, _ := office(row)
	u := b.units[officeCell.Value]
	if u == nil {
		return
	}
	name := row.Get("id")
	if name == "" {
		name = Slug(row.Get("name_de"))
	}
	p := b.projects[objectKey{u.name, name}]
	if p == nil {
		return
	}
	self := u.name + "/" + name
	if c := row.Cell("parent"); !c.Empty() {
		if ref, ok := b.projectRef(c, p); ok {
			p.object.Spec.ParentRef = ref
			if !b.basis(row.Cell("parent_basis")) {
				p.marks.infer("spec.parentRef")
			}
			b.noCycle(c, self, *ref, p, parents)
		}
	}
	for _, value := range list(row.Cell("depends_on")) {
		c := row.Cell("depends_on")
		c.Value = value
		if ref, ok := b.projectRef(c, p); ok {
			p.object.Spec.DependsOn = append(p.object.Spec.DependsOn, *ref)
			b.noCycle(c, self, *ref, p, needs)
		}
	}
}

// projectRef reads a reference from one Project to another.
func (b *builder) projectRef(c table.Cell, from *project) (*v1alpha1.ProjectReference, bool) {
	key, ok := b.reference(c)
	if !ok {
		return nil, false
	}
	if b.projects[key] == nil {
		b.fail(c, "there is no project %q; write the number of its unit and its name, such as 10/ozg", c.Value)
		return nil, false
	}
	ref := &v1alpha1.ProjectReference{Name: v1alpha1.ObjectName(key.name)}
	if key.namespace != from.object.Namespace {
		ref.Namespace = v1alpha1.NamespaceName(key.namespace)
	}
	return ref, true
}

// noCycle adds an edge between projects and refuses it if it closes a circle.
func (b *builder) noCycle(c table.Cell, self string, ref v1alpha1.ProjectReference, from *project, edges map[string][]string) {
	namespace := string(ref.Namespace)
	if namespace == "" {
		namespace = from.object.Namespace
	}
	edges[self] = append(edges[self], namespace+"/"+string(ref.Name))
	if loop := cycle(self, edges); loop != "" {
		b.fail(c, "the projects form a circle: %s", loop)
	}
}

// buildOnlineServices joins the online services to the programme that has to
// deliver them and to the Applications that offer them.
func (b *builder) buildOnlineServices() {
	programme := b.projects[onlineProgramme]
	if programme == nil {
		b.problems.Add(fileProblem(fileProjects, "has no project %s/%s; it has to deliver the online services", onlineProgramme.namespace, onlineProgramme.name))
		return
	}
	type service struct{ ozg, name string }
	seen := map[service]table.Cell{}
	for _, row := range b.tables[fileOnline] {
		name := row.Cell("single_service")
		if name.Empty() {
			name = row.Cell("ozg_service")
		}
		if b.out.excluded(fileOnline, row.Get("offices"), name.Value) {
			continue
		}
		key := service{row.Get("ozg_service"), name.Value}
		if first, double := seen[key]; double {
			b.fail(name, "the service is already in the table at %s; keep one line", first.Place())
			continue
		}
		seen[key] = name
		target := v1alpha1.TargetOnlineService{OZGService: key.ozg, Name: key.name, LeikaType: row.Get("leika_type"), TargetMaturity: ptr.To[int32](targetMaturity)}
		for number := range strings.SplitSeq(row.Get("offices"), ", ") {
			c := row.Cell("offices")
			if c.Value = number; c.Empty() {
				continue
			}
			if u, ok := b.unit(c); ok && target.OfficeRef == nil {
				target.OfficeRef = new(u.ref())
			}
		}
		programme.object.Spec.OnlineServices = append(programme.object.Spec.OnlineServices, target)
		b.addOnline(row)
	}
}
