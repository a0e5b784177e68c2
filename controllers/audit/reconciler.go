// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"hash/fnv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/judge/compliance"
	"kdz.mainz.de/operator/internal/tell/audit"
	"kdz.mainz.de/operator/internal/tell/metrics"
)

// Reconciler audits namespaces. It works once SetupWithManager was called.
type Reconciler struct {
	// Client reads from the manager's cache and writes reports; nil means the
	// manager's own.
	Client client.Client
	// Metrics of findings; nil means that there are none.
	Metrics *metrics.Findings
	// Clock says when something is due; nil means the system's.
	Clock clock.WithTicker

	gatherer *Gatherer
	writer   *audit.Writer
	agenda   *agenda
	around   *surroundings
}

// +kubebuilder:rbac:groups=kdz.mainz.de,resources=applications;availabilityrecords;exemptions;governancepolicies;handovers;organisationalunits;projects;servicelevels,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets;daemonsets,verbs=list;watch
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=list;watch
// +kubebuilder:rbac:groups=networking.k8s.io,resources=ingresses,verbs=list;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=httproutes,verbs=list;watch
// +kubebuilder:rbac:groups=openreports.io,resources=reports;clusterreports,verbs=get;list;create;update;delete

// Reconcile audits a namespace, or what lies beyond single ones.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	key := req.Name
	policy, _, err := r.gatherer.rules(ctx)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !r.around.ready(key, policy) {
		return ctrl.Result{}, nil // it is put on the agenda again as soon as that is so
	}
	now := r.Clock.Now()
	found, there, err := r.judge(ctx, key, now)
	if err != nil {
		return ctrl.Result{}, err
	}
	if !there {
		r.forget(key)
		return ctrl.Result{}, nil
	}
	defer func() { r.agenda.took(key, r.Clock.Since(now)) }()
	r.Metrics.Set(key, count(found.Findings))
	if !found.Next.IsZero() {
		r.agenda.at(key, found.Next.Add(phase(key)), true)
	}
	return ctrl.Result{}, r.tell(ctx, key, found.Findings, now)
}

// judge gathers and judges. It says whether the namespace is there at all.
func (r *Reconciler) judge(ctx context.Context, key string, now time.Time) (compliance.Judgement, bool, error) {
	if key == cluster {
		scope, err := r.gatherer.Cluster(ctx)
		if err != nil {
			return compliance.Judgement{}, false, err
		}
		return compliance.JudgeCluster(scope), true, nil
	}
	scope, err := r.gatherer.Namespace(ctx, key, now)
	if err != nil || scope == nil {
		return compliance.Judgement{}, false, err
	}
	return compliance.Judge(scope), true, nil
}

// tell writes what was found, where there is a place for it.
func (r *Reconciler) tell(ctx context.Context, key string, findings []compliance.Finding, now time.Time) error {
	if !r.around.reports() {
		return nil
	}
	out, err := r.writer.Write(ctx, key, Told(findings), now)
	switch {
	case errors.Is(err, audit.ErrAbsent):
		r.around.lost(key)
		return nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		return nil // it takes its reports with it, and the watch says so
	case err != nil:
		return err
	}
	if out.Written+out.Deleted > 0 {
		ctrl.LoggerFrom(ctx).V(1).Info("told what was found", "namespace", key, "written", out.Written, "deleted", out.Deleted, "unchanged", out.Unchanged)
	}
	return nil
}

// forget drops what is held of a namespace that is gone.
func (r *Reconciler) forget(key string) {
	r.Metrics.Set(key, nil)
	r.writer.Drop(key)
	r.agenda.drop(key)
}

// Told is what was found as it is told.
func Told(findings []compliance.Finding) []audit.Finding {
	all := make([]audit.Finding, len(findings))
	for i := range findings {
		f := &findings[i]
		all[i] = audit.Finding{
			Policy: f.Policy, Rule: f.Rule, Category: f.Category,
			Severity: string(f.Severity), Result: string(f.Result),
			Subject: corev1.ObjectReference{
				APIVersion: f.Subject.APIVersion, Kind: f.Subject.Kind,
				Namespace: f.Subject.Namespace, Name: f.Subject.Name, UID: f.Subject.UID,
			},
			Item: f.Item, Message: f.Message, Remedy: f.Remedy, Properties: f.Properties,
		}
	}
	return all
}

// count counts findings as the metric does.
func count(findings []compliance.Finding) map[metrics.FindingClass]int {
	counts := map[metrics.FindingClass]int{}
	for i := range findings {
		f := &findings[i]
		counts[metrics.FindingClass{Policy: f.Policy, Rule: f.Rule, Severity: string(f.Severity), Result: string(f.Result)}]++
	}
	return counts
}

// spread is over how long audits of one moment are spread: days end for all
// namespaces at once.
const spread = time.Minute

// phase is a namespace's place within spread.
func phase(key string) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	return time.Duration(h.Sum64() % uint64(spread))
}
