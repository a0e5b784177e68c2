// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"slices"
	"sync"
	"unique"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// Index is the tally of all Projects. It is safe for concurrent use. Its methods
// that take note of something return the Projects that are to be judged anew for
// it, without repetition, and not the one that it is about.
//
// What cannot be decoded stays as it was last known: that nobody can read whom
// an object names does not mean that it names nobody.
type Index struct {
	mu           sync.Mutex
	projects     map[types.NamespacedName]*Project
	handovers    map[types.NamespacedName]*Handover
	applications map[types.NamespacedName][]Offer
	services     map[unique.Handle[stagegate.Service]]*maturities
	units        units
	policy       *v1alpha1.ProjectPolicy

	// Who names a project as parent, or as predecessor.
	parts, dependents naming[types.NamespacedName]
	// Who names an Application, a service or a unit.
	delivering naming[types.NamespacedName]
	wanting    naming[unique.Handle[stagegate.Service]]
	under      naming[v1alpha1.ObjectName]
	// Which handovers name a project.
	handing naming[types.NamespacedName]
}

// maturities counts the offers of a service by their maturity.
type maturities [maxMaturity + 1]int32

// best is the highest maturity that is offered; -1 if none is.
func (m *maturities) best() int32 {
	for maturity := int32(maxMaturity); m != nil && maturity >= 0; maturity-- {
		if m[maturity] > 0 {
			return maturity
		}
	}
	return -1
}

// New returns an Index that knows of nothing.
func New() *Index {
	return &Index{
		projects:     map[types.NamespacedName]*Project{},
		handovers:    map[types.NamespacedName]*Handover{},
		applications: map[types.NamespacedName][]Offer{},
		services:     map[unique.Handle[stagegate.Service]]*maturities{},
		units:        units{parents: map[v1alpha1.ObjectName]v1alpha1.ObjectName{}},
		parts:        naming[types.NamespacedName]{},
		dependents:   naming[types.NamespacedName]{},
		delivering:   naming[types.NamespacedName]{},
		wanting:      naming[unique.Handle[stagegate.Service]]{},
		under:        naming[v1alpha1.ObjectName]{},
		handing:      naming[types.NamespacedName]{},
	}
}

// SetProject takes note of a Project.
func (x *Index) SetProject(p Project) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	was := x.projects[p.Key]
	if p.Undecodable && was != nil {
		p.Parent, p.DependsOn, p.Deliverables, p.Services = was.Parent, was.DependsOn, was.Deliverables, was.Services
		p.Office, p.Lead = was.Office, was.Lead
	}
	return x.replace(p.Key, was, &p)
}

// DeleteProject drops a Project that is gone.
func (x *Index) DeleteProject(key types.NamespacedName) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.replace(key, x.projects[key], nil)
}

// replace puts a Project in place of what was known of it; nil is none.
func (x *Index) replace(key types.NamespacedName, was, is *Project) []types.NamespacedName {
	touched := set{}
	linked := was == nil || is == nil || !was.sameLinks(is)
	if linked {
		touched.add(x.ring(key)...)
	}
	if was != nil {
		x.unlink(was)
	}
	if is != nil {
		x.link(is)
	}
	if linked {
		touched.add(x.ring(key)...)
	}
	x.touch(touched, key, was, is)
	delete(touched, key)
	return touched.sorted()
}

// touch adds those that read something of a Project that changed.
func (x *Index) touch(touched set, key types.NamespacedName, was, is *Project) {
	if was == nil || is == nil {
		if was == is {
			return
		}
		touched.all(x.parts[key]) // whether their parent exists
		touched.all(x.dependents[key])
		touched.add(parentOf(was), parentOf(is))
		return
	}
	if was.Stage != is.Stage {
		touched.all(x.dependents[key])
	}
	if was.Stage != is.Stage || was.Overdue != is.Overdue || was.Parent != is.Parent {
		touched.add(was.Parent, is.Parent)
	}
}

func parentOf(p *Project) types.NamespacedName {
	if p == nil {
		return types.NamespacedName{}
	}
	return p.Parent
}

func (x *Index) link(p *Project) {
	x.projects[p.Key] = p
	x.parts.name(p.Key, p.Parent)
	x.dependents.name(p.Key, p.DependsOn...)
	x.delivering.name(p.Key, p.Deliverables...)
	x.wanting.name(p.Key, p.Services...)
	x.under.name(p.Key, p.Office, p.Lead)
}

func (x *Index) unlink(p *Project) {
	delete(x.projects, p.Key)
	x.parts.unname(p.Key, p.Parent)
	x.dependents.unname(p.Key, p.DependsOn...)
	x.delivering.unname(p.Key, p.Deliverables...)
	x.wanting.unname(p.Key, p.Services...)
	x.under.unname(p.Key, p.Office, p.Lead)
}

// SetHandover takes note of a Handover.
func (x *Index) SetHandover(h Handover) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	touched := set{}
	was := x.handovers[h.Key]
	if was != nil {
		if h.Undecodable {
			h.Project, h.Applications = was.Project, was.Applications
		}
		if was.same(&h) {
			return nil
		}
		touched.add(was.Project)
		x.handing.unname(h.Key, was.Project)
	}
	x.handovers[h.Key] = &h
	x.handing.name(h.Key, h.Project)
	touched.add(h.Project)
	return x.existing(touched)
}

// DeleteHandover drops a Handover that is gone.
func (x *Index) DeleteHandover(key types.NamespacedName) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	was := x.handovers[key]
	if was == nil {
		return nil
	}
	delete(x.handovers, key)
	x.handing.unname(key, was.Project)
	touched := set{}
	touched.add(was.Project)
	return x.existing(touched)
}

// SetApplication takes note of an Application. Those that deliver it are always
// among the Projects returned: it may have just appeared.
func (x *Index) SetApplication(a Application) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	if before, known := x.applications[a.Key]; known && a.Undecodable {
		a.Offers = before
	}
	return x.offer(a.Key, a.Offers)
}

// DeleteApplication drops an Application that is gone.
func (x *Index) DeleteApplication(key types.NamespacedName) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.offer(key, nil)
}

// offer counts what an Application offers in place of what it offered before.
func (x *Index) offer(key types.NamespacedName, is []Offer) []types.NamespacedName {
	touched := set{}
	touched.all(x.delivering[key])
	was := x.applications[key]
	if slices.Equal(was, is) {
		return touched.sorted()
	}
	best := map[unique.Handle[stagegate.Service]]int32{}
	for _, o := range slices.Concat(was, is) {
		best[o.Service] = x.services[o.Service].best()
	}
	x.count(was, -1)
	x.count(is, 1)
	for service, before := range best {
		if x.services[service].best() != before {
			touched.all(x.wanting[service])
		}
	}
	x.applications[key] = is
	if len(is) == 0 {
		delete(x.applications, key)
	}
	return touched.sorted()
}

// count adds n to what offers count as.
func (x *Index) count(offers []Offer, n int32) {
	for _, o := range offers {
		m := x.services[o.Service]
		if m == nil {
			m = &maturities{}
			x.services[o.Service] = m
		}
		m[o.Maturity] += n
		if *m == (maturities{}) {
			delete(x.services, o.Service)
		}
	}
}

// SetPolicy takes note of what the policy says of projects; nil is nothing.
func (x *Index) SetPolicy(p *v1alpha1.ProjectPolicy) []types.NamespacedName {
	x.mu.Lock()
	defer x.mu.Unlock()
	if equality.Semantic.DeepEqual(x.policy, p) {
		return nil
	}
	x.policy = p
	top := v1alpha1.ObjectName("")
	if p != nil && p.LeadUnitRef != nil {
		top = p.LeadUnitRef.Name
	}
	x.units.lead(top)
	touched := set{}
	for key := range x.projects {
		touched.add(key)
	}
	return touched.sorted()
}

// existing returns those that there are.
func (x *Index) existing(of set) []types.NamespacedName {
	for key := range of {
		if x.projects[key] == nil {
			delete(of, key)
		}
	}
	return of.sorted()
}
