// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// patience with a machine that does much else: how soon something is told is
// shown, and measured where nothing else runs.
const patience = 20 * time.Second

// What example 03 says of itself.
const (
	portalAddress    = "127.0.0.1:18080"
	transferAddress  = "127.0.0.1:18022"
	exporterAddress  = "127.0.0.1:19100"
	firstSAP         = "127.0.0.1:50013" // of example 04, as is the second
	secondSAP        = "127.0.0.1:50113"
	portalInterval   = 5 * time.Second
	portalThreshold  = 2
	outageWithin     = portalThreshold*portalInterval + patience
	recoveryWithin   = portalInterval + patience
	unitWithin       = patience
	degradedWithin   = 3*portalInterval + patience // transfer has the default threshold
	settleWithin     = 60 * time.Second
	quietTime        = 20 * time.Second
	leaseWithin      = 30 * time.Second // a lease that nobody gave back lasts 15 s
	anotherUserOfThe = 3 * time.Minute  // addresses of the examples: see awaitFree
)

// accountedWithin is how long it takes until an account knows enough of an
// Application: what passed before its first look is to be 5 % of its time at
// most.
const accountedWithin = 5 * time.Minute

// accounted says what is missing until the account of an Application is about
// more than its first moments.
func accounted(a *v1alpha1.Application) string {
	if c := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionServiceLevelMet); c == nil || c.Reason == v1alpha1.ReasonInsufficientData {
		return fmt.Sprintf("ServiceLevelMet is %+v", c)
	}
	return ""
}

// examples is the world of the acceptance examples, with an operator that runs
// as in the cluster: as leader, with the rights of its ServiceAccount.
type examples struct {
	*plane
	apps   *eye[*v1alpha1.Application]
	units  *eye[*v1alpha1.OrganisationalUnit]
	portal *nginx
}

func (x *examples) startOperator() *operator {
	x.t.Helper()
	return x.plane.startOperator("--leader-elect", "--leader-election-namespace", operatorNamespace)
}

// apply applies examples as administrator.
func (p *plane) apply(files ...string) {
	p.t.Helper()
	for _, file := range files {
		p.kubectl("apply", "--server-side", "-f", filepath.Join(root, "test/examples", file))
	}
}

// tellsOutage stops the portal and awaits that everybody is told.
func (x *examples) tellsOutage() *v1alpha1.Application {
	x.t.Helper()
	mark, unitMark := x.apps.mark(), x.units.mark()
	stopped := time.Now()
	x.portal.stop()
	out := x.apps.await(mark, outageWithin, "civento", "in an outage", is(v1alpha1.StateOutage))
	unit := x.units.await(unitMark, unitWithin, "kdz-16", "in an outage", unitIs(v1alpha1.StateOutage))
	x.t.Logf("nginx stopped: Outage seen after %.2f s (bound %s), at kdz-16 after %.2f s",
		out.at.Sub(stopped).Seconds(), outageWithin-patience, unit.at.Sub(stopped).Seconds())
	if took := out.at.Sub(stopped); took > outageWithin {
		x.t.Errorf("the outage was seen after %s, later than %s", took, outageWithin)
	}
	if took := unit.at.Sub(out.at); took > unitWithin {
		x.t.Errorf("kdz-16 was seen in an outage %s after civento, later than %s", took, unitWithin)
	}
	status := out.object.Status
	if c := status.Cause; c == nil || c.Kind != v1alpha1.CauseEndpoint || c.Name != "portal" || c.Reason != "ConnectionRefused" || c.Message == "" {
		x.t.Errorf("the cause is %+v, but the endpoint portal refuses connections", c)
	}
	if since := status.Since.Time; since.Before(stopped.Truncate(time.Second)) || since.After(stopped.Add(portalInterval+time.Second)) {
		x.t.Errorf("the outage began at %s, but nginx was stopped at %s and is asked each %s", since, stopped, portalInterval)
	}
	if !meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) {
		x.t.Errorf("an outage must not make Ready False: %+v", status.Conditions)
	}
	return out.object
}

// tellsRecovery starts the portal and awaits that everybody is told.
func (x *examples) tellsRecovery() {
	x.t.Helper()
	mark, unitMark := x.apps.mark(), x.units.mark()
	x.portal.start()
	started := time.Now()
	up := x.apps.await(mark, recoveryWithin, "civento", "operational", is(v1alpha1.StateOperational))
	unit := x.units.await(unitMark, unitWithin, "kdz-16", "operational", unitIs(v1alpha1.StateOperational))
	x.t.Logf("nginx started: Operational seen after %.2f s (bound %s), at kdz-16 after %.2f s",
		up.at.Sub(started).Seconds(), recoveryWithin-patience, unit.at.Sub(started).Seconds())
	if up.object.Status.Cause != nil {
		x.t.Errorf("what is operational has no cause: %+v", up.object.Status.Cause)
	}
}

func TestExamples(t *testing.T) {
	awaitFree(t, anotherUserOfThe, portalAddress, transferAddress, exporterAddress, firstSAP, secondSAP)
	x := &examples{plane: startPlane(t)}
	x.portal = startNginx(t, portalAddress)
	transfer := startTCP(t, transferAddress, greet)
	startExporter(t, exporterAddress)
	serveSAP(t, newSAP(), firstSAP, secondSAP)
	x.apps, x.units = x.lookAtApplications(""), x.lookAtUnits()
	o := x.startOperator()

	x.apply("00-policy.yaml", "01-units.yaml", "02-service-levels.yaml")
	x.awaitCompiled("kdz-16", "kdz-16-03-04", "kdz-16-02-01")
	x.apply("03-application-web.yaml", "04-application-sap.yaml")
	began := time.Now()
	up := x.apps.await(0, settleWithin, "civento", "operational", is(v1alpha1.StateOperational))
	x.t.Logf("applied: Operational seen after %.2f s", up.at.Sub(began).Seconds())
	x.apps.await(0, settleWithin, "civento", "ready", isReady)
	x.apps.await(0, settleWithin, "civento", "up on its host", systemIs("web01", v1alpha1.ComponentUp, ""))
	x.apps.await(0, settleWithin, "sap-hcm", "operational", is(v1alpha1.StateOperational))
	x.apps.await(0, settleWithin, "sap-hcm", "up on its instances", systemIs("P01/01 on 127.0.0.1", v1alpha1.ComponentUp, ""))
	// The example renews no Lease, and its agreement wants tests of restores, of
	// which it names no source.
	x.apps.await(0, settleWithin, "sap-hcm", "without a backup that anybody saw", backupIs(v1alpha1.BackupOverdue, v1alpha1.ReasonSourceNotFound))
	for name, words := range map[string]string{"civento": `Linux +Up +NotRequired`, "sap-hcm": `SAP +Up +Overdue`} {
		if row := x.rowOf(name); !regexp.MustCompile(words).MatchString(row) {
			t.Errorf("kubectl get itapp -A -o wide does not show %s: %s", words, row)
		}
	}
	for unit, n := range map[string][2]int32{"kdz-16": {2, 2}, "kdz-16-03": {2, 2}, "kdz-16-03-04": {2, 2}, "kdz-16-02-01": {1, 1}, "amt-10": {2, 2}} {
		x.units.await(0, settleWithin, unit, "through with its Applications", unitCounts(n[0], n[1]))
	}
	x.units.await(0, settleWithin, "kdz-16", "operational", unitIs(v1alpha1.StateOperational))
	for _, name := range []string{"civento", "sap-hcm"} {
		x.apps.await(0, accountedWithin, name, "observed for long enough", accounted)
	}

	x.staysQuiet(o)
	x.tellsOutage()
	x.tellsRecovery()

	mark := x.apps.mark()
	stopped := time.Now()
	transfer.stop()
	degraded := x.apps.await(mark, degradedWithin, "civento", "degraded", is(v1alpha1.StateDegraded))
	t.Logf("tcp stopped: Degraded seen after %.2f s (bound %s)", degraded.at.Sub(stopped).Seconds(), degradedWithin-patience)
	transfer.start()
	x.apps.await(mark, recoveryWithin, "civento", "operational", is(v1alpha1.StateOperational))

	x.survivesKill(o)
}

// isReady says what is missing until an Application is accepted and was judged.
func isReady(a *v1alpha1.Application) string {
	if meta.IsStatusConditionTrue(a.Status.Conditions, v1alpha1.ConditionReady) {
		return ""
	}
	return describe(a)
}

// staysQuiet: as long as nothing changes, nothing is written, although
// everything is looked at.
func (x *examples) staysQuiet(o *operator) {
	x.t.Helper()
	before := x.writes("applications")
	checks := o.sum("kdz_observe_checks_total")
	apps, units := x.apps.mark(), x.units.mark()
	x.apps.quiet(apps, quietTime, "")
	x.units.quiet(units, 0, "")
	if more := x.writes("applications").since(before); more.total() != 0 {
		x.t.Errorf("the API server counted %v on Applications although nothing changed", more)
	}
	if asked := o.sum("kdz_observe_checks_total") - checks; asked < 2*float64(quietTime/portalInterval)-2 {
		x.t.Errorf("in %s only %v checks were made", quietTime, asked)
	}
}

// survivesKill: an operator that is killed in an outage loses nothing of it.
func (x *examples) survivesKill(o *operator) {
	out := x.tellsOutage()
	// Each is written by itself: what is told by then is what must stay.
	for _, unit := range []string{"kdz-16", "kdz-16-03", "kdz-16-03-04", "amt-10"} {
		x.units.await(0, settleWithin, unit, "in an outage", unitIs(v1alpha1.StateOutage))
	}
	o.kill()
	x.t.Log("kill -9 in the outage")

	apps, units := x.apps.mark(), x.units.mark()
	o = x.startOperator()
	began := time.Now()
	o.await(leaseWithin, "leading, and through with every Application", func() (string, bool) {
		n := o.sum("controller_runtime_reconcile_total", "controller=application")
		return "", n >= 2
	})
	x.t.Logf("the next operator leads after %.1f s", time.Since(began).Seconds())
	o.await(settleWithin, "through with as many failures as make an outage", func() (string, bool) {
		return "", o.sum("kdz_observe_checks_total", "outcome=failure") >= portalThreshold+1
	})
	x.apps.quiet(apps, portalInterval, "")
	x.units.quiet(units, 0, "")
	now := x.apps.latest("civento")
	if !now.Status.Since.Equal(out.Status.Since) || now.ResourceVersion != out.ResourceVersion {
		x.t.Errorf("the outage since %s (resourceVersion %s) is now since %s (%s)",
			out.Status.Since, out.ResourceVersion, now.Status.Since, now.ResourceVersion)
	}
	x.tellsRecovery()
	o.end()
}
