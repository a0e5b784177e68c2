// SPDX-License-Identifier: Apache-2.0

package application

import (
	"context"
	"hash/fnv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/gather"
	"kdz.mainz.de/operator/controllers/internal/pace"
	"kdz.mainz.de/operator/internal/judge/state"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/tell/metrics"
	"kdz.mainz.de/operator/internal/tell/status"
)

// Observer looks at the world on behalf of Applications. It is safe for
// concurrent use and never blocks on the network.
type Observer interface {
	// Ensure makes the subscriber's checks those given. It is idempotent.
	Ensure(s observe.Subscriber, checks []observe.Check)
	// Forget drops all checks of a subscriber.
	Forget(key types.NamespacedName)
	// Observations returns what is known of the subscriber's checks.
	Observations(key types.NamespacedName) []observe.Observation
	// Seal says that all checks that there are at the start were ensured.
	Seal()
	// Settle says that the changes which the observations hold are recorded.
	Settle(key types.NamespacedName, recorded []observe.Observation)
}

// Prober makes a probe of a declared endpoint. Its errors are
// *endpoint.SpecError, for what a person must mend in the spec, and
// *endpoint.SecretError, for what is the matter with a Secret.
type Prober interface {
	New(e *v1alpha1.Endpoint, secrets endpoint.Secrets) (observe.Probe, error)
}

// Reconciler reconciles Applications. All exported fields but Accounts and Pace
// are required.
type Reconciler struct {
	// Client reads from the cache and writes status.
	Client client.Client
	// APIReader reads past the cache, where the cache does not hold an object
	// on purpose.
	APIReader client.Reader
	// Observer looks at the world.
	Observer Observer
	// Prober makes probes of endpoints.
	Prober Prober
	// Indicators makes probes of what stands for an Application's indicator.
	Indicators IndicatorSource
	// Hosting makes the checks of what Applications run on.
	Hosting Hosting
	// Cluster is watched for what Applications run as, and for their backups.
	Cluster Cluster
	// Ledger is what all accounts share.
	Ledger Ledger
	// Announcer tells of changes of the operational state.
	Announcer Announcer
	// Recorder tells of what else happens.
	Recorder events.EventRecorder
	// Metrics tells of the fleet in numbers.
	Metrics *metrics.Applications
	// Accounts tells of accounts in numbers; nil tells nobody.
	Accounts *metrics.Accounts
	// Pace is how often an Application is written; zero means DefaultPace.
	Pace pace.WriteLimits
	// Clock tells the present moment.
	Clock clock.PassiveClock

	own, ownRecords ownWrites
	rulebook        gather.Rulebook
	agreements      agreements
	excuses         excuses
	writes          *writes
	round           firstRound
}

// +kubebuilder:rbac:groups=kdz.mainz.de,resources=applications,verbs=get;list;watch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=applications/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=availabilityrecords,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=organisationalunits;servicelevels;projects,verbs=get;list;watch
// +kubebuilder:rbac:groups=kdz.mainz.de,resources=exemptions;governancepolicies;handovers,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=namespaces;secrets,verbs=get;list;watch
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets;daemonsets,verbs=get;list;watch
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=get;list;watch
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get;list;watch
// +kubebuilder:rbac:groups=snapshot.storage.k8s.io,resources=volumesnapshots,verbs=get;list;watch
// +kubebuilder:rbac:groups=velero.io,resources=schedules;backups;restores;backupstoragelocations,verbs=get;list;watch
// +kubebuilder:rbac:groups=postgresql.cnpg.io,resources=backups;clusters,verbs=get;list;watch
// +kubebuilder:rbac:groups=k8up.io,resources=schedules;backups;restores;snapshots,verbs=get;list;watch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconcile gathers what is declared and what was seen of one Application, has
// it judged and tells it.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	defer r.round.done(req.NamespacedName)
	app := &v1alpha1.Application{}
	if err := r.Client.Get(ctx, req.NamespacedName, app); err != nil {
		if apierrors.IsNotFound(err) {
			return r.gone(ctx, req.NamespacedName)
		}
		return ctrl.Result{}, err
	}
	if !app.DeletionTimestamp.IsZero() {
		return r.gone(ctx, req.NamespacedName)
	}

	now := r.Clock.Now()
	if r.own.behind(app, now) {
		return ctrl.Result{RequeueAfter: behindDelay}, nil
	}
	s := newScope(app, now)
	for _, collect := range r.gatherers(app) {
		if err := collect(ctx, s); err != nil {
			return ctrl.Result{}, err
		}
	}
	if stored := s.account.stored; stored != nil && r.ownRecords.behind(stored, now) {
		return ctrl.Result{RequeueAfter: behindDelay}, nil
	}
	s.judge()
	s.tell()
	if until := r.writes.hold(s); !until.IsZero() {
		s.at(until)
		return ctrl.Result{RequeueAfter: s.wait()}, nil
	}
	return r.write(ctx, s)
}

// write stores what was judged, the account before the status, so that the
// status never tells of what is not accounted.
func (r *Reconciler) write(ctx context.Context, s *scope) (ctrl.Result, error) {
	err := r.writeAccount(ctx, s)
	written := false
	if err == nil {
		written, err = status.Patch(ctx, r.Client, s.before, s.app)
	}
	switch {
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		// Another hand was faster.
		return ctrl.Result{RequeueAfter: conflictDelay}, nil
	case apierrors.IsNotFound(err):
		return r.gone(ctx, s.key())
	case err != nil:
		return ctrl.Result{}, err
	}
	if written {
		r.own.wrote(s.app, s.now)
		r.announce(s)
	}
	r.announceAccount(s)
	r.writes.wrote(s, written)
	r.Observer.Settle(s.key(), s.seen)
	r.Metrics.Set(s.app)
	r.tellAccount(s)
	return ctrl.Result{RequeueAfter: s.wait()}, nil
}

// gatherers are what there is to gather of an Application, in order.
func (r *Reconciler) gatherers(app *v1alpha1.Application) []func(context.Context, *scope) error {
	if app.DecodingError != "" {
		return []func(context.Context, *scope) error{r.gatherStored, r.gatherUndecodable, r.gatherDependents, r.gatherAccount}
	}
	return []func(context.Context, *scope) error{
		r.gatherStored,
		r.gatherReferences,
		r.gatherDependencies,
		r.gatherDependents,
		r.gatherMaintenance,
		r.gatherObserved,
		r.gatherCentralisation,
		r.gatherHandover,
		r.gatherAccount,
	}
}

// gatherUndecodable notes that nothing is known of what an Application
// declares, so that nothing of it can be looked at.
func (r *Reconciler) gatherUndecodable(_ context.Context, s *scope) error {
	r.stopLooking(s.key())
	message := "what is stored does not fit the types of its kind: " + s.app.DecodingError
	s.unusable = append(s.unusable, problem{reason: v1alpha1.ReasonUndecodable, message: message})
	s.others = append(s.others, state.Part{
		Kind: v1alpha1.CauseObservation, Essential: true, State: v1alpha1.ComponentUnknown,
		Reason: v1alpha1.ReasonUndecodable, Message: message,
	})
	return nil
}

// conflictDelay is how long to wait for the cache after a conflict.
const conflictDelay = 100 * time.Millisecond

// gone closes the account of an Application that is gone, and drops all that is
// held of it.
func (r *Reconciler) gone(ctx context.Context, key types.NamespacedName) (ctrl.Result, error) {
	err := r.closeAccount(ctx, key)
	if apierrors.IsConflict(err) {
		return ctrl.Result{RequeueAfter: conflictDelay}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	r.own.forget(key)
	r.ownRecords.forget(key)
	r.excuses.forget(key)
	r.writes.forget(key)
	r.Accounts.Forget(key)
	r.stopLooking(key)
	r.Metrics.Forget(key)
	return ctrl.Result{}, nil
}

// wait returns how long to wait for the next moment at which the judgement can
// change by the mere passing of time; zero means for ever. A phase from the
// UID spreads Applications that share a deadline over a second.
func (s *scope) wait() time.Duration {
	if s.next.IsZero() {
		return 0
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(s.app.UID)) // never fails
	phase := time.Duration(h.Sum32()%1000) * time.Millisecond
	return max(s.next.Sub(s.now), 0) + phase + time.Millisecond
}
