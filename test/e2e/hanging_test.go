// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	hangingApps     = 50
	hangingPerApp   = 20 // endpoints: 1,000 in all, at an address each
	hangingInterval = "5s"
	// hangingTimeout makes 800 of them hang at once: more than the half of the
	// pool that is for such as these.
	hangingTimeout = "4s"
	hangingRounds  = 1
)

// 1,000 endpoints that accept a connection and never answer delay nobody: one
// healthy beside them goes down and up within its own bound.
func testHanging(t *testing.T, p *plane, o *operator) {
	const namespace = "hanging"
	p.newNamespace(namespace, "kdz-16")
	apps := p.lookAtApplications(namespace)
	healthy := startHTTP(t, freeAddress(t), answers("ok"))
	p.create(newApplication(namespace, "healthy", "kdz-16", v1alpha1.Endpoint{
		Name: "web", URL: "http://" + healthy.address, Interval: "5s", FailureThreshold: 2,
	}))
	apps.await(0, settleWithin, "healthy", "operational", is(v1alpha1.StateOperational))
	for i := range hangingApps {
		var endpoints []v1alpha1.Endpoint
		for j := range hangingPerApp {
			address := fmt.Sprintf("127.66.%d.%d:18600", i, j+1)
			startTCP(t, address, hang)
			scheme := []string{"http", "tls"}[j%2]
			endpoints = append(endpoints, v1alpha1.Endpoint{
				Name: v1alpha1.ItemName(fmt.Sprintf("web-%d", j)), URL: scheme + "://" + address,
				Interval: hangingInterval, Timeout: hangingTimeout, FailureThreshold: 2,
			})
		}
		p.create(newApplication(namespace, fmt.Sprintf("hanging-%d", i), "kdz-16", endpoints...))
	}
	began := time.Now()
	for i := range hangingApps {
		apps.await(0, settleWithin, fmt.Sprintf("hanging-%d", i), "in an outage", is(v1alpha1.StateOutage))
	}
	t.Logf("%d endpoints hang; all %d Applications in an outage after %.1f s", hangingApps*hangingPerApp, hangingApps, time.Since(began).Seconds())
	for round := range hangingRounds {
		mark := apps.mark()
		stopped := time.Now()
		healthy.stop()
		out := apps.await(mark, outageWithin, "healthy", "in an outage", is(v1alpha1.StateOutage))
		mark = apps.mark()
		healthy.start()
		started := time.Now()
		up := apps.await(mark, recoveryWithin, "healthy", "operational", is(v1alpha1.StateOperational))
		t.Logf("round %d: Outage seen after %.2f s (bound %s), Operational after %.2f s (bound %s), with %v checks in flight",
			round+1, out.at.Sub(stopped).Seconds(), outageWithin-patience, up.at.Sub(started).Seconds(), recoveryWithin-patience, o.sum("kdz_observe_in_flight"))
	}
	u := o.usage()
	t.Logf("over capacity: %v, due missed %v, queued %v; operator %.1f s of CPU so far, %.0f MiB resident",
		o.sum("kdz_observe_over_capacity"), o.sum("kdz_observe_missed_total"), o.sum("kdz_observe_queue_length"), u.cpu.Seconds(), u.rss)
	if n := o.sum("kdz_observe_in_flight"); n < 100 {
		t.Errorf("only %v checks hang, so nothing is proven", n)
	}
	// They need 800 places and have 512: that is not kept quiet.
	if n := o.sum("kdz_observe_over_capacity"); n != 1 {
		t.Errorf("over capacity is %v, although %v checks were missed", n, o.sum("kdz_observe_missed_total"))
	}
}
