// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"cmp"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// Catalogue is everything that the tables say, as objects in the order in
// which they are written.
type Catalogue struct {
	Policy        *v1alpha1.GovernancePolicy
	Units         []*v1alpha1.OrganisationalUnit
	Namespaces    []*corev1.Namespace
	ServiceLevels []*v1alpha1.ServiceLevel
	Applications  []*v1alpha1.Application
	Projects      []*v1alpha1.Project
}

// Build makes the catalogue of the tables in fsys. The error, if any, names
// everything that has to be mended, with file, line and column; then there is
// no catalogue.
func Build(fsys fs.FS) (*Catalogue, error) {
	b := &builder{
		units:    map[string]*unit{},
		levels:   map[string]*v1alpha1.ServiceLevel{},
		legal:    map[string]string{},
		apps:     map[objectKey]*application{},
		projects: map[objectKey]*project{},
	}
	b.tables = read(fsys, &b.problems)
	if err := b.problems.Err(); err != nil {
		return nil, err
	}
	b.out = newExclusions(b.tables[fileExclusions], &b.problems)
	b.buildUnits()
	b.buildStateServices()
	policy := b.buildPolicy()
	b.buildServiceLevels()
	b.buildApplications()
	b.buildProjects()
	b.buildOnlineServices()
	b.out.check(&b.problems)
	if err := b.problems.Err(); err != nil {
		return nil, err
	}
	return b.catalogue(policy), nil
}

// objectKey names an object of a namespace.
type objectKey struct{ namespace, name string }

// compareKeys orders objects by namespace and name.
func compareKeys(x, y objectKey) int {
	return cmp.Or(cmp.Compare(x.namespace, y.namespace), cmp.Compare(x.name, y.name))
}

// builder holds what was made so far. Each build method reads its tables, adds
// objects, and adds what is wrong to problems.
type builder struct {
	tables   map[string][]table.Row
	out      *exclusions
	problems table.Problems
	units    map[string]*unit // by number
	levels   map[string]*v1alpha1.ServiceLevel
	legal    map[string]string // legal basis by name of the state's service
	apps     map[objectKey]*application
	projects map[objectKey]*project
}

// catalogue puts the objects into their order: by namespace and name.
func (b *builder) catalogue(policy *v1alpha1.GovernancePolicy) *Catalogue {
	c := &Catalogue{Policy: policy}
	for _, u := range b.units {
		c.Units = append(c.Units, u.object)
		if u.hasNamespace() {
			c.Namespaces = append(c.Namespaces, u.namespace())
		}
	}
	for _, l := range b.levels {
		c.ServiceLevels = append(c.ServiceLevels, l)
	}
	for _, a := range b.apps {
		a.marks.annotate(a.object)
		c.Applications = append(c.Applications, a.object)
	}
	for _, p := range b.projects {
		p.marks.annotate(p.object)
		c.Projects = append(c.Projects, p.object)
	}
	sortObjects(c.Units)
	sortObjects(c.Namespaces)
	sortObjects(c.ServiceLevels)
	sortObjects(c.Applications)
	sortObjects(c.Projects)
	return c
}

// named is an object with a name and perhaps a namespace.
type named interface {
	GetName() string
	GetNamespace() string
}

// sortObjects sorts objects by namespace and name.
func sortObjects[T named](list []T) {
	slices.SortFunc(list, func(a, b T) int {
		return cmp.Or(cmp.Compare(a.GetNamespace(), b.GetNamespace()), cmp.Compare(a.GetName(), b.GetName()))
	})
}

// fail adds what is wrong with a cell.
func (b *builder) fail(c table.Cell, format string, args ...any) {
	b.problems.Add(c.Problem(format, args...))
}

// fileProblem is what is wrong with a table as a whole.
func fileProblem(file, format string, args ...any) *table.Problem {
	return &table.Problem{File: file, Text: fmt.Sprintf(format, args...)}
}

// unit returns the unit whose number a cell holds.
func (b *builder) unit(c table.Cell) (*unit, bool) {
	u, ok := b.units[c.Value]
	if !ok {
		b.fail(c, "there is no unit %q; write a number that units.csv has, such as 10 or 16.02.01", c.Value)
	}
	return u, ok
}

// key returns the name of an object of a row: the one set by hand or else the
// one made of the title.
func (b *builder) key(unit, id, title table.Cell) (objectKey, bool) {
	u, ok := b.unit(unit)
	if !ok {
		return objectKey{}, false
	}
	name := id.Value
	if name == "" {
		name = Slug(title.Value)
	}
	if !validName(name) {
		b.fail(id, "%q is no name; write one of a-z, 0-9 and -, at most %d characters", name, maxName)
		return objectKey{}, false
	}
	return objectKey{u.name, name}, true
}

// reference reads "10/ozg", the unit and the name of an object.
func (b *builder) reference(c table.Cell) (objectKey, bool) {
	number, name, ok := strings.Cut(c.Value, "/")
	u, known := b.units[number]
	if !ok || !known || !validName(name) {
		b.fail(c, "%q names no object; write the number of its unit and its name, such as 10/ozg", c.Value)
		return objectKey{}, false
	}
	return objectKey{u.name, name}, true
}

// app returns the Application that two cells name.
func (b *builder) app(unit, name table.Cell) (*application, bool) {
	u, ok := b.unit(unit)
	if !ok {
		return nil, false
	}
	a, ok := b.apps[objectKey{u.name, name.Value}]
	if !ok {
		b.fail(name, "unit %s has no application %q; write the name it has in %s/", unit.Value, name.Value, applicationsDir)
	}
	return a, ok
}

// oneOf says whether a cell holds one of the values.
func (b *builder) oneOf(c table.Cell, values ...string) bool {
	if slices.Contains(values, c.Value) {
		return true
	}
	b.fail(c, "%q is unknown; write one of %s", c.Value, strings.Join(values, ", "))
	return false
}

// basis reads whether a paper states something; anything else is inferred.
func (b *builder) basis(c table.Cell) (stated bool) {
	return b.oneOf(c, "stated", "inferred") && c.Value == "stated"
}

// day reads a date; of a month or a year it is the last day.
func (b *builder) day(c table.Cell) (on v1alpha1.Date, exact bool) {
	text, exact, err := day(c.Value)
	if err != nil {
		b.fail(c, "%v", err)
	}
	return v1alpha1.Date(text), exact
}

// number reads a whole number that is not less than least.
func (b *builder) number(c table.Cell, least int64) int32 {
	n, err := strconv.ParseInt(c.Value, 10, 32)
	if err != nil || n < least {
		b.fail(c, "%q is no whole number of at least %d", c.Value, least)
	}
	return int32(n)
}

// duration reads a duration; an empty cell is none.
func (b *builder) duration(c table.Cell) v1alpha1.Duration {
	if c.Empty() {
		return ""
	}
	if d, err := time.ParseDuration(c.Value); err != nil || d <= 0 {
		b.fail(c, "%q is no duration; write it with the units ms, s, m and h, such as 30s or 26h", c.Value)
	}
	return v1alpha1.Duration(c.Value)
}

// text makes a text in two languages and judges its length.
func (b *builder) text(de, en table.Cell) v1alpha1.LocalisedText {
	for _, c := range []table.Cell{de, en} {
		if len([]rune(c.Value)) > 256 {
			b.fail(c, "the text has %d characters; write at most 256", len([]rune(c.Value)))
		}
	}
	if de.Empty() && en.Empty() {
		b.fail(de, "no text is given; write it in German or in English")
	}
	return v1alpha1.LocalisedText{DE: de.Value, EN: en.Value}
}

// list reads values that are parted by semicolons.
func list(c table.Cell) []string {
	if c.Empty() {
		return nil
	}
	values := strings.Split(c.Value, ";")
	for i := range values {
		values[i] = strings.TrimSpace(values[i])
	}
	return values
}
