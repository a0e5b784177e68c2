// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/uuid"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/leaderelection"

	"kdz.mainz.de/operator/controllers/internal/leadership"
	"kdz.mainz.de/operator/controllers/internal/ledger"
	"kdz.mainz.de/operator/internal/observe"
)

// leaseName is the name of the lease that the replicas compete for.
const leaseName = "kdz-operator.kdz.mainz.de"

// namespaceFile says in a pod in which namespace it is.
const namespaceFile = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// Skew measures by how much the clock of the API server is ahead of ours.
type Skew = ledger.Skew

// MeasureSkew has all that is asked of an API server by the configuration from
// now on tell how its clock differs from ours.
func MeasureSkew(config *rest.Config) *Skew {
	s := ledger.NewSkew(clock.RealClock{})
	config.Wrap(s.Wrap)
	return s
}

// replicas is what the replicas of the operator have in common.
type replicas struct {
	lead   *leadership.Leadership
	ledger *ledger.Ledger
}

// addReplicas adds the election of a leader, and the ledger that it keeps, with a
// function that has every account judged anew.
func addReplicas(mgr ctrl.Manager, o Options, observer ledger.Observer, wakeAll func()) (*replicas, error) {
	namespace, err := ownNamespace(o.Namespace, namespaceFile, o.LeaderElectionNamespace)
	if err != nil {
		return nil, err
	}
	lock, identity, err := newLock(mgr, o, namespace)
	if err != nil {
		return nil, err
	}
	r := &replicas{}
	r.lead, err = leadership.New(leadership.Options{
		Lock: lock, Name: leaseName, Clock: o.Clock, Logger: mgr.GetLogger().WithName("leadership"),
		Lead: func(ctx context.Context, unchanged bool) error { return r.ledger.Lead(ctx, unchanged) },
	})
	if err != nil {
		return nil, err
	}
	direct, err := client.New(mgr.GetConfig(), client.Options{HTTPClient: mgr.GetHTTPClient(), Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()})
	if err != nil {
		return nil, fmt.Errorf("client of the ledger: %w", err)
	}
	log := mgr.GetLogger().WithName("ledger")
	options := ledger.Options{
		Client: r.lead.Client(direct), Namespace: namespace, Identity: identity,
		Observer: observer, Leads: r.lead.Leads, Changed: wakeAll,
		Clock: o.Clock, Logger: log,
	}
	if o.Skew != nil {
		options.Skew = o.Skew.Ahead
	}
	r.ledger = ledger.New(options)
	if err := errors.Join(mgr.Add(r.lead), mgr.Add(r.ledger)); err != nil {
		return nil, err
	}
	return r, errors.Join(o.Registerer.Register(r.lead.Collector()), r.lead.Registerer(o.Registerer).Register(r.ledger.Collector()))
}

// newLock returns the lease, and who we are; no lease if there is only one
// replica.
func newLock(mgr ctrl.Manager, o Options, namespace string) (resourcelock.Interface, string, error) {
	if !o.LeaderElection {
		host, err := os.Hostname()
		return nil, host + "_" + string(uuid.NewUUID()), err
	}
	if o.LeaderElectionNamespace != "" {
		namespace = o.LeaderElectionNamespace
	}
	lock, err := leaderelection.NewResourceLock(mgr.GetConfig(), mgr, leaderelection.Options{
		LeaderElection:          true,
		LeaderElectionNamespace: namespace,
		LeaderElectionID:        leaseName,
		RenewDeadline:           leadership.DefaultRenewDeadline,
	})
	if err != nil {
		return nil, "", fmt.Errorf("lease: %w", err)
	}
	return lock, lock.Identity(), nil
}

// ownNamespace is the namespace of the operator's own objects: the one that was
// given, or that of its pod by a file, or that of the lease.
func ownNamespace(given, file, lease string) (string, error) {
	if given != "" {
		return given, nil
	}
	content, err := os.ReadFile(file)
	switch {
	case err == nil:
		return strings.TrimSpace(string(content)), nil
	case errors.Is(err, fs.ErrNotExist) && lease != "":
		return lease, nil
	}
	return "", fmt.Errorf("the operator's own namespace is not known; outside of a cluster -namespace must say it: %w", err)
}

// tellGap tells those who run the operator, and the ledger, of a time that
// nobody observed.
func (r *replicas) tellGap(log logr.Logger) func(observe.Gap) {
	say := logGap(log)
	return func(g observe.Gap) {
		say(g)
		r.ledger.Gap(g)
	}
}
