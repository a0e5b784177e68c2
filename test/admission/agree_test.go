// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/judge/centralisation"
)

const (
	// agreeSeed makes the cases: the same seed, the same cases on the same day.
	agreeSeed = 20261122
	// agreeStored is how many Applications there are to be changed.
	agreeStored = 160
	// agreeAskers is how many ask at the same time.
	agreeAskers = 8
	// agreeRarest is how often each message must at least be seen, and
	// agreeAdmitted how many requests must be let in, or the cases show nothing.
	agreeRarest   = 10
	agreeAdmitted = 200
)

// world is how the policy is while cases are asked.
type world struct {
	name          string
	cases         int
	enforcement   v1alpha1.Enforcement
	maxTransition v1alpha1.Duration
	// change is what else is so.
	change func(dice, *v1alpha1.GovernancePolicy)
}

func worlds() []world {
	return []world{
		{name: "as installed", cases: 3000, enforcement: "Deny", maxTransition: maxTransition},
		{name: "treatments changed", cases: 500, enforcement: "Deny", maxTransition: "720h30m", change: retreat},
		{name: "no limit, nothing listed", cases: 400, enforcement: "Deny", change: func(_ dice, p *v1alpha1.GovernancePolicy) {
			p.Spec.Centralisation.StateServices = nil
		}},
		{name: "warning", cases: 350, enforcement: "Warn", maxTransition: "26280h"},
		{name: "noting", cases: 300, enforcement: "Audit", maxTransition: "0s", change: retreat},
		{name: "not compiled", cases: 40, enforcement: "Deny", change: func(_ dice, p *v1alpha1.GovernancePolicy) { p.Status.CompiledAt = nil }},
	}
}

// retreat treats units otherwise, and lets one of the KDZ go.
func retreat(d dice, p *v1alpha1.GovernancePolicy) {
	for _, u := range []string{"amt-12", "amt-37-ils", "wb", "extern", "amt-99", "kdz-16"} {
		p.Status.UnitTreatments[u] = one(d, v1alpha1.TreatmentBound, v1alpha1.TreatmentExempt, v1alpha1.TreatmentUnderReview, v1alpha1.TreatmentOutOfScope)
	}
	delete(p.Status.UnitTreatments, one(d, "amt-12", "wb"))
	p.Status.ProviderUnits = slices.DeleteFunc(p.Status.ProviderUnits, func(u v1alpha1.ObjectName) bool { return u == "kdz-16-02-01" })
}

// TestDoorAgreesWithJudge asks the API server, with the policies, and the Go
// judge the same, and finds no difference: neither in what is refused nor in
// what the refusal says first. With the rule softened only claims are refused,
// and what is warned of is what the judge says of the rule.
func TestDoorAgreesWithJudge(t *testing.T) {
	t.Logf("seed %d", agreeSeed)
	began := time.Now()
	stored(t, namespaceOf("agree-nobody", ""))
	stored(t, namespaceOf("agree-unknown", places["agree-unknown"]))
	pool := storePool(t, throw(agreeSeed, 0, began))
	var seen tally
	total := 0
	for i, w := range worlds() {
		total += w.cases
		t.Run(w.name, func(t *testing.T) { w.run(t, throw(agreeSeed, uint64(i+1), began), pool, &seen) })
	}
	seen.mustSuffice(t)
	t.Logf("%d cases in %s: %s", total, time.Since(began).Round(time.Second), seen.String())
}

// storePool stores Applications of any kind, which takes the door away
// meanwhile.
func storePool(t *testing.T, d dice) []*v1alpha1.Application {
	t.Helper()
	bind := unbind(t, "applications.kdz.mainz.de")
	defer bind()
	eventually(t, "the door is open", func() error {
		return admin(t).Create(t.Context(), application("agree-nobody", "agree-open"), client.DryRunAll)
	})
	pool := make([]*v1alpha1.Application, agreeStored)
	for i := range pool {
		pool[i] = d.app(d.place(), fmt.Sprintf("agree-%d", i))
	}
	inParallel(len(pool), func(i int) {
		if err := admin(t).Create(t.Context(), pool[i]); err != nil {
			t.Errorf("%v: %s", err, asJSON(pool[i].Spec))
		}
	})
	t.Cleanup(func() {
		inParallel(len(pool), func(i int) {
			if err := admin(t).Delete(context.Background(), pool[i]); err != nil {
				t.Error(err)
			}
		})
	})
	if t.Failed() {
		t.FailNow()
	}
	return pool
}

// inParallel does something n times, some of them at once.
func inParallel(n int, do func(int)) {
	next := make(chan int)
	var workers sync.WaitGroup
	for range agreeAskers {
		workers.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	workers.Wait()
}

// run asks the cases of a world, and compares.
func (w world) run(t *testing.T, d dice, pool []*v1alpha1.Application, seen *tally) {
	policy := w.create(t, &d)
	cases := make([]agreement, w.cases)
	for i := range cases {
		cases[i] = d.agreement(pool)
		for _, r := range cases[i].rights {
			grant(t, r)
		}
	}
	inParallel(len(cases), func(i int) { cases[i].ask(t) })
	for i := range cases {
		cases[i].compare(t, policy, seen)
	}
}

// create has the policy be as in the world, and returns it.
func (w world) create(t *testing.T, d *dice) *v1alpha1.GovernancePolicy {
	t.Helper()
	d.longest, _ = time.ParseDuration(string(w.maxTransition))
	marker := "world-" + strings.ReplaceAll(strings.ReplaceAll(w.name, " ", "-"), ",", "")
	var policy *v1alpha1.GovernancePolicy
	withPolicy(t, func(p *v1alpha1.GovernancePolicy) {
		p.Spec.Centralisation.Enforcement = w.enforcement
		p.Spec.Centralisation.MaxTransition = w.maxTransition
		p.Status.ProviderUnits = append(p.Status.ProviderUnits, v1alpha1.ObjectName(marker))
		p.Status.ExemptionIndex = d.index()
		if w.change != nil {
			w.change(*d, p)
		}
		policy = p
	}, func() error {
		err := editor(t).try(create, application(unitOffice, "agree-seen", operatedBy(marker)))
		if policy.Status.CompiledAt == nil {
			return refused(err, "applications", messageNotCompiled)
		}
		return err
	})
	return policy
}

// index is about the names that the cases use, at random.
func (d dice) index() map[string]v1alpha1.Moment {
	index := map[string]v1alpha1.Moment{}
	for _, place := range []string{"amt-33", "amt-12", "kdz-16", "agree-unknown", "agree-nobody", "wb"} {
		for i := range agreeStored {
			if d.percent(40) {
				index[fmt.Sprintf("%s/agree-%d", place, i)] = v1alpha1.Moment(d.moment())
			}
			if d.percent(30) {
				index[fmt.Sprintf("%s/agree-new-%d", place, i)] = v1alpha1.Moment(d.moment())
			}
		}
	}
	return index
}

// agreement is a case.
type agreement struct {
	was, now *v1alpha1.Application
	rights   []right
	// err and warnings are what the API server says, in answer to what was
	// asked between before and after.
	err           error
	warnings      []string
	before, after time.Time
}

func (d dice) agreement(pool []*v1alpha1.Application) agreement {
	if d.percent(45) {
		place := d.place()
		return agreement{now: d.app(place, fmt.Sprintf("agree-new-%d", d.IntN(agreeStored))), rights: d.rights(place)}
	}
	was := pool[d.IntN(len(pool))]
	return agreement{was: was, now: d.change(was), rights: d.rights(was.Namespace)}
}

// warningsKey is where a context has the warnings of its request.
type warningsKey struct{}

// perRequest hands warnings to the context of the request.
type perRequest struct{}

func (perRequest) HandleWarningHeaderWithContext(ctx context.Context, _ int, _, text string) {
	if to, ok := ctx.Value(warningsKey{}).(*[]string); ok {
		*to = append(*to, text)
	}
}

// listening holds the clients of those who ask, by their groups.
var listening sync.Map

func (a *agreement) client(tb testing.TB) (client.Client, error) {
	groups := []string{"system:authenticated", roleEditor}
	for _, r := range a.rights {
		groups = append(groups, string(r))
	}
	key := strings.Join(groups, "\n")
	if known, ok := listening.Load(key); ok {
		return known.(client.Client), nil
	}
	config := controlplanetest.Config(tb)
	config.Impersonate = rest.ImpersonationConfig{UserName: "asker@example.org", Groups: groups}
	config.WarningHandlerWithContext = perRequest{}
	c, err := client.New(config, client.Options{Scheme: admin(tb).Scheme(), Mapper: admin(tb).RESTMapper()})
	if err == nil {
		listening.Store(key, c)
	}
	return c, err
}

// ask asks the API server.
func (a *agreement) ask(tb testing.TB) {
	c, err := a.client(tb)
	if err != nil {
		a.err = err
		return
	}
	ctx := context.WithValue(tb.Context(), warningsKey{}, &a.warnings)
	a.before = time.Now()
	if a.was == nil {
		a.err = c.Create(ctx, a.now.DeepCopy(), client.DryRunAll)
	} else {
		a.err = c.Update(ctx, a.now.DeepCopy(), client.DryRunAll)
	}
	a.after = time.Now()
}

// compare holds the API server's answer against the judge's, who is asked for
// the moment before and the one after, since a day may have ended in between.
func (a *agreement) compare(t *testing.T, policy *v1alpha1.GovernancePolicy, seen *tally) {
	t.Helper()
	request, err := a.request(policy)
	if err != nil {
		t.Fatal(err)
	}
	var problem error
	for _, now := range []time.Time{a.before, a.after} {
		request.Now = now
		if problem = a.differs(centralisation.Admit(request), policy.Spec.Centralisation.Enforcement); problem == nil {
			seen.count(a.err, a.warnings)
			return
		}
	}
	was := "nothing"
	if a.was != nil {
		was = asJSON(a.was.Spec)
	}
	t.Errorf("%v\n%s/%s of unit %q, exempt until %v, rights %v\nwas %s\nnow %s", problem, a.now.Namespace, a.now.Name, request.Unit, request.ExemptUntil, a.rights, was, asJSON(a.now.Spec))
}

// differs says how the API server's answer is another one; nil if it is not.
func (a *agreement) differs(refusals []centralisation.Refusal, enforcement v1alpha1.Enforcement) error {
	var softened []centralisation.Refusal
	if enforcement != v1alpha1.EnforcementDeny {
		softened = slices.DeleteFunc(slices.Clone(refusals), func(r centralisation.Refusal) bool { return !r.Rule })
		refusals = slices.DeleteFunc(refusals, func(r centralisation.Refusal) bool { return r.Rule })
	}
	if len(refusals) > 0 {
		return refused(a.err, "applications", refusals[0].Message)
	}
	if a.err != nil {
		return fmt.Errorf("the judge refuses nothing, the door does: %w", a.err)
	}
	if enforcement != v1alpha1.EnforcementWarn || len(softened) == 0 {
		if len(a.warnings) > 0 {
			return fmt.Errorf("the judge has nothing to warn of, the door does: %q", a.warnings)
		}
		return nil
	}
	if len(a.warnings) == 0 || !strings.HasSuffix(a.warnings[0], ": "+softened[0].Message) {
		return fmt.Errorf("the door warns of %q, want %s", a.warnings, softened[0].Message)
	}
	return nil
}

// request is the case as the judge sees it.
func (a *agreement) request(policy *v1alpha1.GovernancePolicy) (centralisation.Request, error) {
	request := centralisation.Request{
		Old: a.was, New: a.now, Unit: places[a.now.Namespace], Rules: centralisation.RulesOf(policy),
		May: func(r centralisation.Right, unit string) bool { return a.may(r, unit) },
	}
	until, ok := policy.Status.ExemptionIndex[a.now.Namespace+"/"+a.now.Name]
	if !ok {
		return request, nil
	}
	var err error
	request.ExemptUntil, err = time.Parse(time.RFC3339, string(until))
	return request, err
}

// may says whether the rights hold one.
func (a *agreement) may(r centralisation.Right, unit string) bool {
	return slices.ContainsFunc(a.rights, func(held right) bool {
		resource, subresource, name, namespace := held.parts()
		if subresource != string(r) {
			return false
		}
		if r == centralisation.RightOperate {
			return resource == "organisationalunits" && namespace == metav1.NamespaceAll && (name == "" || name == unit)
		}
		return resource == "applications" && (namespace == metav1.NamespaceAll || namespace == a.now.Namespace)
	})
}

func asJSON(o any) string {
	raw, err := json.Marshal(o)
	if err != nil {
		return err.Error()
	}
	return string(raw)
}
