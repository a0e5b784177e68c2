// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/lab/sapcontrol"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting/sap"
)

const (
	// systemInterval is how often copies of the examples look at what they run
	// on; the examples themselves do so each minute.
	systemInterval = 5 * time.Second
	// systemWithin is within which time a change of it must be told: two looks
	// for what is down.
	systemWithin = 2*systemInterval + patience
)

// exporter is Debian's node_exporter, at an address that stays the same.
type exporter struct {
	t       *testing.T
	address string
	flags   []string
	process *process
}

func startExporter(t *testing.T, address string, flags ...string) *exporter {
	t.Helper()
	e := &exporter{t: t, address: address, flags: flags}
	e.start()
	return e
}

// url of its metrics.
func (e *exporter) url() string { return "http://" + e.address + "/metrics" }

// start starts it and returns when it answers.
func (e *exporter) start() {
	e.t.Helper()
	binary, err := exec.LookPath("prometheus-node-exporter")
	if err != nil {
		e.t.Fatal("prometheus-node-exporter is not installed: run hack/install-test-servers.sh (Debian's own package), then this test again")
	}
	flags := append([]string{"--web.listen-address=" + e.address, "--log.level=error"}, e.flags...)
	e.process = startProcess(e.t, "node_exporter", exec.Command(binary, flags...))
	poll(e.t, startWithin, "answering", func() (string, bool) {
		_, err := get(e.url())
		return fmt.Sprint(err), err == nil
	})
}

// stop ends it, as nobody means to.
func (e *exporter) stop() { e.process.kill() }

// smallFilesystem mounts a filesystem of 1 MiB and returns where.
func smallFilesystem(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("NOT TESTED: a filesystem that is too full. This machine does not let the test mount one (%v): run it as root", err) //nolint:forbidigo // it says what is not tested, and everything else is
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error("unmount:", err)
		}
	})
	return dir
}

// onlyMount is the flag by which node_exporter tells of one mount point of this
// machine, however full the others are.
func onlyMount(t *testing.T, dir string) string {
	t.Helper()
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[1] != dir {
			others = append(others, regexp.QuoteMeta(fields[1]))
		}
	}
	return "--collector.filesystem.mount-points-exclude=^(" + strings.Join(others, "|") + ")$"
}

// serveSAP serves the instances of an SAP system, and returns the URL of each.
func serveSAP(t *testing.T, system *sapcontrol.System, addresses ...string) []v1alpha1.HTTPURL {
	t.Helper()
	var urls []v1alpha1.HTTPURL
	for i, address := range addresses {
		urls = append(urls, v1alpha1.HTTPURL("http://"+startHTTP(t, address, system.Instance(i)).address))
	}
	return urls
}

// newSAP is the system of example 04, whose processes are all GREEN.
func newSAP() *sapcontrol.System {
	return sapcontrol.New(sapcontrol.Options{
		SystemID: "P01", User: "p01adm", Password: "not-a-real-password",
		Instances: []sapcontrol.InstanceOptions{{Host: "127.0.0.1", Number: "00"}, {Host: "127.0.0.1", Number: "01"}},
	})
}

// protected are all methods of SAPControl that are asked for.
var protected = []string{
	sapcontrol.GetInstanceProperties, sapcontrol.GetProcessList, sapcontrol.GetSystemInstanceList, sapcontrol.HACheckConfig,
}

// copyOf is the Application of an example under another name; what it runs on is
// looked at more often.
func (p *plane) copyOf(file, name string) *v1alpha1.Application {
	p.t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "test/examples", file))
	if err != nil {
		p.t.Fatal(err)
	}
	for document := range bytes.SplitSeq(content, []byte("\n---\n")) {
		app := &v1alpha1.Application{}
		if !bytes.Contains(document, []byte("\nkind: Application\n")) {
			continue
		}
		if err := yaml.UnmarshalStrict(document, app); err != nil {
			p.t.Fatalf("%s: %v", file, err)
		}
		app.Name = name
		app.Spec.Hosting.Interval = v1alpha1.Duration(systemInterval.String())
		return app
	}
	p.t.Fatalf("%s has no Application", file)
	return nil
}

// systemIs says what is missing until a system is in a state for a reason, and
// so is the hosting as a whole.
func systemIs(name string, state v1alpha1.ComponentState, reason string) func(*v1alpha1.Application) string {
	return func(a *v1alpha1.Application) string {
		if h := a.Status.Hosting; h != nil && h.State == state {
			for i := range h.Systems {
				if s := &h.Systems[i]; s.Name == name && s.State == state && (reason == "" || s.Reason == reason) {
					return ""
				}
			}
		}
		return fmt.Sprintf("hosting is %+v, want %s %s for %q; %s", a.Status.Hosting, name, state, reason, describe(a))
	}
}

// saysOfHosting says what is missing until an Application is in a state because
// of what it runs on, and names these words.
func saysOfHosting(state v1alpha1.OperationalState, words ...string) func(*v1alpha1.Application) string {
	return func(a *v1alpha1.Application) string {
		c := a.Status.Cause
		if a.Status.OperationalState != state || c == nil || c.Kind != v1alpha1.CauseHosting {
			return describe(a)
		}
		for _, word := range words {
			if !strings.Contains(c.Name+" "+c.Message, word) {
				return fmt.Sprintf("the cause %+v does not name %q", c, word)
			}
		}
		return ""
	}
}

// What Applications run on, and their backups, is told within the times that are
// promised: copies of examples 03 and 04, with servers of their own.
func TestHosting(t *testing.T) {
	t.Parallel()
	p := startPlane(t)
	if err := controlplane.InstallCRDs(t.Context(), p.Config, filepath.Join(root, "test/backup/testdata")); err != nil {
		t.Fatal(err)
	}
	p.startOperator()
	p.apply("00-policy.yaml", "01-units.yaml", "02-service-levels.yaml")
	p.letVeleroBeIn("velero")
	p.awaitCompiled("kdz-16", "kdz-16-03-04", "kdz-16-02-01")
	for name, test := range map[string]func(*plane){
		"linux": testLinux, "filesystem": testFilesystem, "sap": testSAP, "credentials": testCredentials, "heartbeat": testHeartbeat, "velero": testVelero,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(p.in(t))
		})
	}
}

// webCopy is a copy of example 03 with servers of its own, on a host that tells
// of itself through an exporter.
func (p *plane) webCopy(name string, host *exporter) *v1alpha1.Application {
	p.t.Helper()
	app := p.copyOf("03-application-web.yaml", name)
	app.Spec.Endpoints[0].URL = "http://" + startHTTP(p.t, freeAddress(p.t), answers("ok")).address + "/health"
	app.Spec.Endpoints[1].URL = "tcp://" + startTCP(p.t, freeAddress(p.t), greet).address
	app.Spec.Hosting.Linux.Hosts[0].MetricsURL = v1alpha1.HTTPURL(host.url())
	return app
}

// testLinux: a host is Unknown when its exporter is gone, and nothing follows of
// that as long as the endpoints answer.
func testLinux(p *plane) {
	const name = "civento-copy"
	host := startExporter(p.t, freeAddress(p.t))
	app := p.webCopy(name, host)
	app.Spec.Hosting.Linux.FilesystemMaxUsedPercent = nil // nobody knows how full this machine is
	apps := p.lookAtApplications(app.Namespace)
	p.create(app)
	apps.await(0, settleWithin, name, "operational", is(v1alpha1.StateOperational))
	apps.await(0, settleWithin, name, "up", systemIs("web01", v1alpha1.ComponentUp, ""))

	mark, began := apps.mark(), time.Now()
	host.stop()
	told := apps.await(mark, systemWithin, name, "Unknown", systemIs("web01", v1alpha1.ComponentUnknown, endpoint.ReasonConnectionRefused))
	p.t.Logf("node_exporter stopped: Unknown after %.2f s", told.at.Sub(began).Seconds())
	host.start()
	apps.await(mark, systemWithin, name, "up again", systemIs("web01", v1alpha1.ComponentUp, ""))
	never(apps, mark, name, v1alpha1.StateDegraded, v1alpha1.StateOutage, v1alpha1.StateUnknown)
}

// never fails the test if an Application was seen in one of these states since
// the mark.
func never(apps *eye[*v1alpha1.Application], mark int, name string, states ...v1alpha1.OperationalState) {
	apps.t.Helper()
	events, _ := apps.from(mark)
	for _, s := range events {
		if s.object.Name == name && slices.Contains(states, s.object.Status.OperationalState) {
			apps.t.Errorf("%s was seen as it never may be here: %s", name, describe(s.object))
		}
	}
}

// testFilesystem: a host is Degraded when a filesystem is fuller than it may be.
func testFilesystem(p *plane) {
	const name = "civento-full"
	dir := smallFilesystem(p.t)
	host := startExporter(p.t, freeAddress(p.t), onlyMount(p.t, dir))
	app := p.webCopy(name, host)
	apps := p.lookAtApplications(app.Namespace)
	p.create(app)
	apps.await(0, settleWithin, name, "operational", is(v1alpha1.StateOperational))
	apps.await(0, settleWithin, name, "up", systemIs("web01", v1alpha1.ComponentUp, ""))

	mark, began := apps.mark(), time.Now()
	file := filepath.Join(dir, "full")
	if err := os.WriteFile(file, make([]byte, 1_040_000), 0o600); err != nil {
		p.t.Fatal(err)
	}
	full := apps.await(mark, systemWithin, name, "degraded", saysOfHosting(v1alpha1.StateDegraded, "web01", dir+" is ", "% full (limit 95 %)"))
	p.t.Logf("after %.2f s: %s", full.at.Sub(began).Seconds(), full.object.Status.Cause.Message)
	mark = apps.mark()
	if err := os.Remove(file); err != nil {
		p.t.Fatal(err)
	}
	apps.await(mark, systemWithin, name, "operational again", is(v1alpha1.StateOperational))
}

// testSAP: the Application is as SAPControl shows its processes, and its cause
// names instance and process.
func testSAP(p *plane) {
	t, name := p.t, "sap-copy"
	system := newSAP()
	system.Protect(protected...)
	app := p.sapCopy(name, serveSAP(t, system, freeAddress(t), freeAddress(t)))
	apps := p.lookAtApplications(app.Namespace)
	p.createCredentials("sap-copy", "not-a-real-password", true)
	p.create(app)
	apps.await(0, settleWithin, name, "operational", is(v1alpha1.StateOperational))
	shows := func(colour sapcontrol.Status, missing func(*v1alpha1.Application) string) {
		t.Helper()
		mark, began := apps.mark(), time.Now()
		if err := system.Instance(1).SetProcess("gwrd", colour, ""); err != nil {
			t.Fatal(err)
		}
		told := apps.await(mark, systemWithin, name, "as "+string(colour), missing)
		t.Logf("%s: %s after %.2f s", colour, told.object.Status.OperationalState, told.at.Sub(began).Seconds())
	}
	shows(sapcontrol.Yellow, saysOfHosting(v1alpha1.StateDegraded, "P01/01", "gwrd", "YELLOW"))
	shows(sapcontrol.Red, saysOfHosting(v1alpha1.StateOutage, "P01/01", "gwrd", "RED"))
	shows(sapcontrol.Green, is(v1alpha1.StateOperational))

	mark := apps.mark()
	system.SetPassword("p01adm", "changed meanwhile")
	apps.await(mark, systemWithin, name, "Unknown", systemIs("P01/00 on 127.0.0.1", v1alpha1.ComponentUnknown, observe.ReasonCredentialsRejected))
	apps.await(mark, systemWithin, name, "Unknown itself", is(v1alpha1.StateUnknown))
	never(apps, mark, name, v1alpha1.StateDegraded, v1alpha1.StateOutage)
}

// testCredentials: where SAPControl wants credentials that nobody declared it is
// Unknown, and a Secret that lacks the label is shown to nobody.
func testCredentials(p *plane) {
	t := p.t
	open, guarded := newSAP(), newSAP()
	open.Protect(protected...)
	guarded.Protect(protected...)
	anonymous := p.sapCopy("sap-anonymous", serveSAP(t, open, freeAddress(t), freeAddress(t)))
	anonymous.Spec.Hosting.SAP.CredentialsSecretRef = nil
	unlabelled := p.sapCopy("sap-unlabelled", serveSAP(t, guarded, freeAddress(t), freeAddress(t)))
	apps := p.lookAtApplications(anonymous.Namespace)
	p.createCredentials("sap-unlabelled", "not-a-real-password", false)
	p.create(anonymous, unlabelled)
	const first = "P01/00 on 127.0.0.1"
	apps.await(0, settleWithin, anonymous.Name, "Unknown", systemIs(first, v1alpha1.ComponentUnknown, sap.ReasonCredentialsRequired))
	apps.await(0, settleWithin, anonymous.Name, "Unknown itself", is(v1alpha1.StateUnknown))
	apps.await(0, settleWithin, unlabelled.Name, "Unknown", systemIs(first, v1alpha1.ComponentUnknown, v1alpha1.ReasonSecretNotLabelled))
	if all, _ := guarded.Attempts(); all > 0 {
		t.Errorf("the credentials of a Secret without the label were shown %d times", all)
	}

	mark := apps.mark()
	p.labelSecret("sap-unlabelled")
	apps.await(mark, settleWithin, unlabelled.Name, "operational with the label", is(v1alpha1.StateOperational))
	if all, rejected := guarded.Attempts(); all == 0 || rejected > 0 {
		t.Errorf("with the label the credentials were shown %d times, and were wrong %d times", all, rejected)
	}
	if calls := guarded.Instance(0).Calls(sapcontrol.GetProcessList); calls == 0 {
		t.Error("the system was never asked, so the test proves nothing")
	}
}

// sapCopy is a copy of example 04 that is served at these URLs, and whose
// credentials are in a Secret of its name.
func (p *plane) sapCopy(name string, urls []v1alpha1.HTTPURL) *v1alpha1.Application {
	p.t.Helper()
	app := p.copyOf("04-application-sap.yaml", name)
	for i := range app.Spec.Hosting.SAP.Instances {
		app.Spec.Hosting.SAP.Instances[i].URL = urls[i]
	}
	app.Spec.Hosting.SAP.CredentialsSecretRef = &v1alpha1.SecretReference{Name: name}
	app.Spec.ServiceLevelRef = nil // in its window an outage is maintenance
	return app
}

// createCredentials creates a Secret for SAPControl.
func (p *plane) createCredentials(name, password string, labelled bool) {
	p.t.Helper()
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "amt-10", Name: name},
		StringData: map[string]string{"username": "p01adm", "password": password},
	}
	if labelled {
		s.Labels = map[string]string{v1alpha1.LabelProbe: "true"}
	}
	p.create(s)
}

// labelSecret lets the operator use a Secret.
func (p *plane) labelSecret(name string) {
	p.t.Helper()
	s := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "amt-10", Name: name}}
	patch := fmt.Appendf(nil, `{"metadata":{"labels":{%q:"true"}}}`, v1alpha1.LabelProbe)
	if err := p.admin.Patch(p.t.Context(), s, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		p.t.Fatal(err)
	}
}
