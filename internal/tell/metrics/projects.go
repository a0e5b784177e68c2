// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// maxProgrammes is how many programmes have series of their own: who may
	// write a Project may invent any name. Those with most projects have them.
	maxProgrammes = 50
	// otherProgrammes is what all others count as, and stageNone what projects
	// count as that were never judged.
	otherProgrammes, stageNone = "(others)", "None"
)

// Projects tells how far the projects are, by programme. A project that goes
// takes what it counted for with it. It is safe for concurrent use, and is a
// prometheus.Collector. The methods of a nil Projects do nothing.
type Projects struct {
	mu       sync.Mutex
	projects map[types.NamespacedName]ProjectStanding

	stages, behind, overdue, decisions *prometheus.Desc
}

// ProjectStanding is how a project stands.
type ProjectStanding struct {
	// Programme that it belongs to; empty if it belongs to none.
	Programme string
	// Stage of it; empty if it was never judged.
	Stage v1alpha1.ProjectStage
	// Behind is whether it is behind its schedule.
	Behind bool
	// OverdueMilestones of it.
	OverdueMilestones int32
	// DecisionDays from the submission of the request to the first decision that
	// binds; nil if one of both is missing.
	DecisionDays *int32
}

// NewProjects registers the metrics of projects; it fails if they are registered
// already.
func NewProjects(r prometheus.Registerer) (*Projects, error) {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	m := &Projects{
		projects: map[types.NamespacedName]ProjectStanding{},
		stages:   desc("kdz_projects", "Projects by programme and stage; None are those that cannot be judged.", "programme", "stage"),
		behind:   desc("kdz_projects_behind_schedule", "Projects whose condition OnSchedule is False, by programme.", "programme"),
		overdue:  desc("kdz_project_milestones_overdue", "Milestones that are overdue, by programme.", "programme"),
		decisions: desc("kdz_project_decision_lead_time_days",
			"Days from the submission of a request to the first decision that binds, of all projects that there are and that have both."),
	}
	return m, r.Register(m)
}

// Set tells how a project stands now.
func (m *Projects) Set(key types.NamespacedName, s ProjectStanding) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.projects[key] = s
}

// Forget drops a project that is gone.
func (m *Projects) Forget(key types.NamespacedName) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.projects, key)
}

// Describe implements prometheus.Collector.
func (m *Projects) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.stages, m.behind, m.overdue, m.decisions} {
		ch <- d
	}
}

// programme is what the projects of one count up to.
type programme struct {
	name                      string
	projects, behind, overdue int
	stages                    map[string]int
}

// Collect implements prometheus.Collector.
func (m *Projects) Collect(ch chan<- prometheus.Metric) {
	programmes, days := m.count()
	gauge := func(desc *prometheus.Desc, value int, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), labels...)
	}
	for _, p := range fold(programmes) {
		for stage, n := range p.stages {
			gauge(m.stages, n, p.name, stage)
		}
		gauge(m.behind, p.behind, p.name)
		gauge(m.overdue, p.overdue, p.name)
	}
	sum := 0.0
	for _, d := range days {
		sum += float64(d)
	}
	slices.Sort(days)
	quantiles := map[float64]float64{}
	for _, q := range []float64{0.5, 0.9, 1} {
		quantiles[q] = quantile(days, q)
	}
	ch <- prometheus.MustNewConstSummary(m.decisions, uint64(len(days)), sum, quantiles)
}

// count counts the projects of each programme, and lists the lead times.
func (m *Projects) count() (map[string]*programme, []int32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	counted := map[string]*programme{}
	var days []int32
	for _, s := range m.projects {
		p := counted[s.Programme]
		if p == nil {
			p = &programme{name: s.Programme, stages: map[string]int{}}
			counted[s.Programme] = p
		}
		p.projects++
		p.stages[cmp.Or(string(s.Stage), stageNone)]++
		p.overdue += int(s.OverdueMilestones)
		if s.Behind {
			p.behind++
		}
		if s.DecisionDays != nil {
			days = append(days, *s.DecisionDays)
		}
	}
	return counted, days
}

// fold puts together the programmes beyond those with most projects.
func fold(counted map[string]*programme) []*programme {
	all := make([]*programme, 0, len(counted))
	for _, p := range counted {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *programme) int {
		return cmp.Or(cmp.Compare(b.projects, a.projects), cmp.Compare(a.name, b.name))
	})
	if len(all) <= maxProgrammes {
		return all
	}
	others := &programme{name: otherProgrammes, stages: map[string]int{}}
	kept := append(slices.DeleteFunc(slices.Clone(all[:maxProgrammes]), func(p *programme) bool { return p.name == otherProgrammes }), others)
	for _, p := range all {
		if slices.Contains(kept, p) {
			continue
		}
		others.behind += p.behind
		others.overdue += p.overdue
		for stage, n := range p.stages {
			others.stages[stage] += n
		}
	}
	return kept
}

// quantile returns the least value that so large a share of the sorted values
// does not exceed; NaN if there is none.
func quantile(sorted []int32, share float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	return float64(sorted[max(int(math.Ceil(share*float64(len(sorted))))-1, 0)])
}
