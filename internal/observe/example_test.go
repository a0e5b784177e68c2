// SPDX-License-Identifier: Apache-2.0

package observe_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/internal/observe"
)

// refused is a Probe of a target that refuses connections.
type refused struct{}

func (refused) Key() string    { return "tcp://127.0.0.1:1" }
func (refused) Target() string { return "127.0.0.1:1" }
func (refused) Run(context.Context) observe.Result {
	return observe.Result{
		Outcome: observe.OutcomeFailure,
		Class:   observe.ClassTarget,
		Step:    observe.StepConnect,
		Reason:  "ConnectionRefused",
		Message: "127.0.0.1:1 refused the connection.",
	}
}

// A controller hands over its object's checks, is woken when something changed,
// and reads what is known.
func ExampleEngine() {
	woken := make(chan types.NamespacedName, 1)
	engine := observe.New(observe.Options{
		Wake: func(key types.NamespacedName) { woken <- key },
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = engine.Start(ctx) })

	object := types.NamespacedName{Namespace: "kdz-16", Name: "payroll"}
	engine.Ensure(observe.Subscriber{Key: object, UID: "6f2c"}, []observe.Check{{
		Name:             "web",
		Probe:            refused{},
		Interval:         5 * time.Second,
		FailureThreshold: 1,
	}})

	key := <-woken
	for _, o := range engine.Observations(key) {
		fmt.Println(key, o.Name, o.State, o.Reason)
	}
	cancel()
	running.Wait()
	// Output: kdz-16/payroll web Down ConnectionRefused
}
