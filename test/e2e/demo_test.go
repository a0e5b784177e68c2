// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
)

const (
	demoSettles = 4 * time.Minute // building included
	demoControl = "127.0.0.1:18400"
	goneWithin  = 10 * time.Second
)

// demoMark is in the environment of everything that a demonstration starts.
const demoMark = "KDZ_E2E_DEMO="

// demonstration is `make demo`.
type demonstration struct {
	*process
	t    *testing.T
	mark string
}

// startDemo starts a command that runs the demonstration.
func startDemo(t *testing.T, cmd *exec.Cmd) *demonstration {
	t.Helper()
	awaitFree(t, anotherUserOfThe, portalAddress, demoControl)
	d := &demonstration{t: t, mark: fmt.Sprintf("%s%d-%d", demoMark, os.Getpid(), time.Now().UnixNano())}
	cmd.Dir = root
	cmd.Env = append(os.Environ(), d.mark)
	d.process = startProcess(t, "demo", cmd)
	return d
}

// left returns what still runs of a demonstration.
func (d *demonstration) left() []string {
	d.t.Helper()
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		d.t.Fatal(err)
	}
	var found []string
	for _, file := range environments {
		// A process that has ended meanwhile cannot be read.
		environment, err := os.ReadFile(file)
		if err != nil || !bytes.Contains(environment, []byte(d.mark)) {
			continue
		}
		line, err := os.ReadFile(filepath.Join(filepath.Dir(file), "cmdline"))
		if err == nil && len(line) > 0 {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// poll asks until it is so.
func poll(t *testing.T, within time.Duration, what string, ask func() (answer string, done bool)) {
	t.Helper()
	late := time.After(within)
	again := time.NewTicker(tick)
	defer again.Stop()
	for {
		answer, done := ask()
		if done {
			return
		}
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("not %s after %s: %s", what, within, answer)
		}
	}
}

// leavesNothing awaits that nothing of it runs any more.
func (d *demonstration) leavesNothing() {
	d.t.Helper()
	poll(d.t, goneWithin, "gone", func() (string, bool) {
		left := d.left()
		return strings.Join(left, "\n"), len(left) == 0
	})
}

// The demonstration prints the settled state of the whole catalogue, exits
// with 0 and leaves nothing behind.
func TestDemoOnce(t *testing.T) {
	t.Parallel()
	began := time.Now()
	d := startDemo(t, exec.Command("go", "run", "./hack/demo", "-once"))
	if len(d.left()) == 0 {
		t.Fatal("its processes are not found, so that none is left would prove nothing")
	}
	select {
	case <-d.done:
	case <-time.After(demoSettles):
		t.Fatalf("the demonstration has not ended after %s", demoSettles)
	}
	if d.err != nil {
		t.Fatalf("the demonstration ended with %v", d.err)
	}
	said := d.said(t)
	t.Logf("demo -once: %.1f s", time.Since(began).Seconds())
	for _, want := range []string{`(?m)^kdz-16 +16 +Degraded `, `(?m)^amt-42/bibliothekskatalog +Outage .*status 500`, `\d+ Operational`} {
		if !regexp.MustCompile(want).MatchString(said) {
			t.Errorf("it does not say %s", want)
		}
	}
	d.leavesNothing()
}

// A demonstration can be worked with, and does not survive kill -9.
func TestDemo(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "demo")
	build := exec.Command("go", "build", "-o", binary, "./hack/demo")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the demonstration: %v\n%s", err, out)
	}
	// Without a table of who fails when: nothing may come between.
	d := startDemo(t, exec.Command(binary, "-lab", "none"))
	var config string
	poll(t, demoSettles, "settled", func() (string, bool) {
		said := d.said(t)
		found := regexp.MustCompile(`(?m)^export KUBECONFIG=(\S+)$`).FindStringSubmatch(said)
		if found == nil {
			return d.tail(3), false
		}
		config = found[1]
		return "", true
	})
	kubectl := func(args ...string) string {
		cmd := exec.Command(filepath.Join(programs.assets, "kubectl"), args...)
		cmd.Env = append(os.Environ(), "KUBECONFIG="+config)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	shows := func(want string, args ...string) {
		if out := kubectl(args...); !strings.Contains(out, want) {
			t.Errorf("kubectl %s does not show %q:\n%s", strings.Join(args, " "), want, out)
		}
	}
	shows("kdz-16", "get", "ou")
	shows("application.kdz.mainz.de/bibliothekskatalog", "get", "kdz", "-A")
	d.stopAndStart(config, func(stopped string) {
		shows(stopped, "get", "itapp", "-A", "--field-selector", "status.operationalState=Outage")
		shows("ConnectionRefused", "get", "itapp", "-n", "kdz-16", stopped, "-o", "yaml")
		shows(stopped, "get", "itapp", "-A", "-o", "wide")
	})
	d.kill()
	d.leavesNothing()
}

// stopAndStart stops the lab's servers of an Application that matters, and
// starts them again; meanwhile it has somebody look.
func (d *demonstration) stopAndStart(kubeconfig string, look func(stopped string)) {
	d.t.Helper()
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		d.t.Fatal(err)
	}
	c, err := client.NewWithWatch(config, client.Options{Scheme: controllers.Scheme()})
	if err != nil {
		d.t.Fatal(err)
	}
	p := &plane{t: d.t, admin: c}
	app, outageIn, recoveryIn := p.importantOf("kdz-16")
	apps, units := p.lookAtApplications("kdz-16"), p.lookAtUnits()
	apps.await(0, settleWithin, app.Name, "operational", is(v1alpha1.StateOperational))
	mark, unitMark := apps.mark(), units.mark()
	d.control("stop", app.Name)
	began := time.Now()
	out := apps.await(mark, outageIn, app.Name, "in an outage", is(v1alpha1.StateOutage))
	unit := units.await(unitMark, unitWithin, "kdz-16", "in an outage", unitIs(v1alpha1.StateOutage))
	d.t.Logf("kdz-16/%s stopped: Outage seen after %.2f s (bound %s), at kdz-16 after %.2f s",
		app.Name, out.at.Sub(began).Seconds(), outageIn, unit.at.Sub(began).Seconds())
	look(app.Name)
	mark, unitMark = apps.mark(), units.mark()
	d.control("start", app.Name)
	began = time.Now()
	up := apps.await(mark, recoveryIn, app.Name, "operational", is(v1alpha1.StateOperational))
	unit = units.await(unitMark, unitWithin, "kdz-16", "operational", unitIs(v1alpha1.StateOperational))
	d.t.Logf("kdz-16/%s started: Operational seen after %.2f s (bound %s), at kdz-16 after %.2f s",
		app.Name, up.at.Sub(began).Seconds(), recoveryIn, unit.at.Sub(began).Seconds())
}

// importantOf is the Application of a namespace whose outage is the outage of
// its unit, that is well, and whose outage is told soonest; and within which
// time that and its end must be told. Nothing depends on it: of a landslide a
// unit is told later.
func (p *plane) importantOf(namespace string) (app *v1alpha1.Application, outage, recovery time.Duration) {
	p.t.Helper()
	var list v1alpha1.ApplicationList
	if err := p.admin.List(p.t.Context(), &list, client.InNamespace(namespace)); err != nil {
		p.t.Fatal(err)
	}
	for i := range list.Items {
		a := &list.Items[i]
		if a.Spec.Protection == nil || a.Spec.Protection.Availability == v1alpha1.ProtectionNormal ||
			a.Status.OperationalState != v1alpha1.StateOperational || a.Status.Dependents != nil {
			continue
		}
		for _, e := range a.Spec.Endpoints {
			interval, err := time.ParseDuration(string(e.Interval))
			if err != nil {
				p.t.Fatal(err)
			}
			within := time.Duration(e.FailureThreshold)*interval + 2*time.Second
			if e.Importance == v1alpha1.ImportanceEssential && (app == nil || within < outage) {
				app, outage, recovery = a, within, interval+2*time.Second
			}
		}
	}
	if app == nil {
		p.t.Fatalf("no Application of %s is important and well", namespace)
	}
	return app, outage, recovery
}

// control has the lab stop or start the servers of an Application of kdz-16.
func (d *demonstration) control(what, name string) {
	d.t.Helper()
	r, err := http.Post("http://"+demoControl+"/"+what+"/kdz-16/"+name, "text/plain", nil)
	if err != nil {
		d.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	if r.StatusCode != http.StatusOK {
		d.t.Fatalf("%s %s: %s", what, name, r.Status)
	}
}
