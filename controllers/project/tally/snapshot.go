// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"unique"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// Snapshot is what is kept around a Project.
type Snapshot struct {
	// Policy on projects; nil if there is none. LeadUnits lead them. Neither may
	// be changed.
	Policy    *v1alpha1.ProjectPolicy
	LeadUnits map[v1alpha1.ObjectName]bool
	// Predecessors, in the order of spec.dependsOn.
	Predecessors []stagegate.Predecessor
	// Parts that name it as their parent, by key.
	Parts []stagegate.Part
	// Deliverables, in the order of spec.deliverables. Whether they exist is not
	// known here.
	Deliverables []stagegate.Deliverable
	// Offered are those of its online services that are, with the highest
	// maturity.
	Offered map[stagegate.Service]int32
	// Cycle is the way on which it waits for itself; nil if it does not.
	Cycle []types.NamespacedName
	// Parent, Office and Lead say whether there is what the spec names; false
	// where it names none.
	Parent, Office, Lead bool
}

// Snapshot returns what is kept around a Project. It may be a newer version than
// the one that was last taken note of, or an older one.
func (x *Index) Snapshot(p *v1alpha1.Project) Snapshot {
	said := ProjectOf(p)
	x.mu.Lock()
	defer x.mu.Unlock()
	s := Snapshot{
		Policy: x.policy, LeadUnits: x.units.leading(),
		Deliverables: x.deliverables(said.Key, said.Deliverables),
		Offered:      x.offered(said.Services),
		Cycle:        x.way(said.Key),
		Parent:       x.projects[said.Parent] != nil,
	}
	_, s.Office = x.units.parents[said.Office]
	_, s.Lead = x.units.parents[said.Lead]
	for _, key := range said.DependsOn {
		predecessor := stagegate.Predecessor{Key: key}
		if other := x.projects[key]; other != nil {
			predecessor.Exists, predecessor.Stage = true, other.Stage
		}
		s.Predecessors = append(s.Predecessors, predecessor)
	}
	for _, key := range x.parts[said.Key].sorted() {
		part := x.projects[key]
		s.Parts = append(s.Parts, stagegate.Part{Key: key, Stage: part.Stage, Overdue: part.Overdue})
	}
	return s
}

// deliverables finds for each Application the handover of a project that names
// it and has come furthest.
func (x *Index) deliverables(project types.NamespacedName, named []types.NamespacedName) []stagegate.Deliverable {
	if len(named) == 0 {
		return nil
	}
	furthest := map[types.NamespacedName]*Handover{}
	for _, key := range x.handing[project].sorted() {
		h := x.handovers[key]
		for _, app := range h.Applications {
			if best := furthest[app]; best == nil || acceptance.CompareStages(h.Stage, best.Stage) > 0 {
				furthest[app] = h
			}
		}
	}
	all := make([]stagegate.Deliverable, len(named))
	for i, app := range named {
		all[i].Key = app
		if h := furthest[app]; h != nil {
			all[i].Handover, all[i].Stage = h.Key, h.Stage
		}
	}
	return all
}

// offered returns those of the services that are offered.
func (x *Index) offered(services []unique.Handle[stagegate.Service]) map[stagegate.Service]int32 {
	found := map[stagegate.Service]int32{}
	for _, service := range services {
		if best := x.services[service].best(); best >= 0 {
			found[service.Value()] = best
		}
	}
	return found
}
