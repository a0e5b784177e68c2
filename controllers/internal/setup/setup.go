// SPDX-License-Identifier: Apache-2.0

// Package setup sets up controllers that write a status of their kind and of
// which no request is lost while another replica leads. It knows no kind, and
// says nothing of what wakes a controller or what it writes.
package setup

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/internal/tell/audit"
)

// retryFirst and retryLast bound the pause after a failed write. The last is
// short, since whoever reads a status that is old is misled.
const retryFirst, retryLast = 100 * time.Millisecond, 30 * time.Second

// Common is what the reconcilers of all kinds work with.
type Common struct {
	// Client reads from the manager's cache and writes status; nil means the
	// manager's own.
	Client client.Client
	// Clock says what time it is, and paces the writes; nil means the system's.
	Clock clock.PassiveClock
	// Recorder of Events; nil means the manager's own.
	Recorder events.EventRecorder
}

// Controller is what is the same for all controllers.
type Controller struct {
	// Name in logs, metrics and Events.
	Name string
	// Workers is how many objects are reconciled at a time, unless the Options
	// say otherwise.
	Workers int
	// Manager that runs it.
	Manager ctrl.Manager
	// Leadership without which nothing is written; nil always leads.
	Leadership *leadership.Leadership
	// Options of the controller, but for the reconciler.
	Options controller.Options
}

// Scheme returns a scheme that knows every kind the operator handles.
func Scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	utilruntime.Must(audit.AddToScheme(s))
	return s
}

// Complete sets what is nil to the manager's own, or the system's. Without
// leadership this client does not write, and this recorder tells nobody.
func (c *Controller) Complete(o *Common) {
	if o.Client == nil {
		o.Client = c.Leadership.Client(c.Manager.GetClient())
	}
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.Recorder == nil {
		o.Recorder = c.Leadership.Recorder(c.Manager.GetEventRecorder(c.Name))
	}
}

// Add adds the controller and its watches to the manager. A replica that does
// not lead watches as well, so that what the handlers keep is up to date when it
// does, and reconciles then what it was asked for.
//
// The controller begins to reconcile only when all watches have handed over
// everything that is stored: controller-runtime waits for the handlers of a Kind
// source, not only for the cache.
func (c *Controller) Add(r reconcile.Reconciler, watches ...source.Source) error {
	options := c.Options
	if options.MaxConcurrentReconciles == 0 {
		options.MaxConcurrentReconciles = c.Workers
	}
	if options.RateLimiter == nil {
		options.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](retryFirst, retryLast)
	}
	guarded := c.Leadership.Guard(r, false)
	options.Reconciler = guarded

	added, err := controller.New(c.Name, c.Manager, options)
	if err != nil {
		return fmt.Errorf("set up controller %s: %w", c.Name, err)
	}
	for _, s := range append(watches, guarded.Source()) {
		if err := added.Watch(s); err != nil {
			return fmt.Errorf("set up controller %s: watch %v: %w", c.Name, s, err)
		}
	}
	return nil
}
