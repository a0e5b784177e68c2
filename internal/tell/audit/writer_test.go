// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	openreports "github.com/openreports/reports-api/apis/openreports.io/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
	"kdz.mainz.de/operator/internal/tell/audit/audittest"
)

func TestMain(m *testing.M) {
	os.Exit(controlplanetest.Run(m, controlplane.Options{}, func(ctx context.Context, cp *controlplane.ControlPlane) error {
		crds, err := audittest.CRDs(ctx)
		if err != nil {
			return err
		}
		return controlplane.InstallCRDs(ctx, cp.Config, crds)
	}))
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// world is a namespace of its own, and a client for it.
type world struct {
	*testing.T
	client    client.Client
	namespace string
}

func newWorld(t *testing.T) *world {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	c, err := client.New(controlplanetest.Config(t), client.Options{Scheme: scheme})
	if err != nil {
		t.Fatal(err)
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "reports-"}}
	if err := c.Create(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	return &world{t, client.WithFieldValidation(c, metav1.FieldValidationStrict), ns.Name}
}

func (w *world) writer() *Writer { return &Writer{Client: w.client, Reader: w.client} }

func (w *world) write(wr *Writer, findings []Finding, now time.Time, want Outcome) {
	w.Helper()
	got, err := wr.Write(w.Context(), w.namespace, findings, now)
	if err != nil {
		w.Fatal(err)
	}
	if got != want {
		w.Fatalf("done %+v, want %+v", got, want)
	}
}

func (w *world) reports() []openreports.Report {
	w.Helper()
	var list openreports.ReportList
	if err := w.client.List(w.Context(), &list, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	return list.Items
}

// result on a subject.
func (w *world) result(name string) openreports.ReportResult {
	w.Helper()
	for _, r := range w.reports() {
		for _, result := range r.Results {
			if result.Subjects[0].Name == name {
				return result
			}
		}
	}
	w.Fatalf("nothing is told of %s", name)
	return openreports.ReportResult{}
}

func TestAReportSaysWhatWasFound(t *testing.T) {
	w := newWorld(t)
	w.write(w.writer(), findingsOn(3), noon, Outcome{Written: 1})
	reports := w.reports()
	if len(reports) != 1 {
		t.Fatalf("%d reports", len(reports))
	}
	r := reports[0]
	if r.Name != "kdz-operator" || r.Labels[labelManagedBy] != "kdz-operator" || r.Source != "kdz-operator" || r.Scope.Name != w.namespace {
		t.Errorf("report %s, labels %v, source %q, scope %+v", r.Name, r.Labels, r.Source, r.Scope)
	}
	if r.Summary.Pass != 3 || len(r.Results) != 3 {
		t.Errorf("summary %+v of %d results", r.Summary, len(r.Results))
	}
	if at := w.result("app-1").Timestamp; at.Seconds != noon.Unix() || at.Nanos != 0 {
		t.Errorf("found at %+v", at)
	}
}

func TestWhatDidNotChangeIsNotWritten(t *testing.T) {
	w := newWorld(t)
	wr := w.writer()
	w.write(wr, findingsOn(3), noon, Outcome{Written: 1})
	before := w.reports()[0].ResourceVersion
	w.write(wr, findingsOn(3), noon.Add(time.Hour), Outcome{Unchanged: 1})
	// Nor after a restart.
	w.write(w.writer(), findingsOn(3), noon.Add(time.Hour), Outcome{Unchanged: 1})
	if after := w.reports()[0].ResourceVersion; after != before {
		t.Error("the report was written")
	}
}

func TestAResultKeepsItsTimeWhileOthersChange(t *testing.T) {
	w := newWorld(t)
	wr := w.writer()
	findings := findingsOn(3)
	w.write(wr, findings, noon, Outcome{Written: 1})
	findings[1].Result, findings[1].Severity = "fail", "high"
	findings[2].Message = "said in other words"
	later := noon.Add(time.Hour)
	w.write(wr, findings, later, Outcome{Written: 1})
	for name, want := range map[string]time.Time{"app-0": noon, "app-1": later, "app-2": noon} {
		if at := w.result(name).Timestamp; at.Seconds != want.Unix() {
			t.Errorf("%s was found at %s, want %s", name, time.Unix(at.Seconds, 0), want)
		}
	}
}

func TestReportsAreDividedAndJoined(t *testing.T) {
	w := newWorld(t)
	wr := w.writer()
	w.write(wr, findingsOn(maxResults), noon, Outcome{Written: 1})
	// One more, and there are two: the first goes.
	later := noon.Add(time.Hour)
	w.write(wr, findingsOn(maxResults+1), later, Outcome{Written: 2, Deleted: 1})
	if at := w.result("app-7").Timestamp; at.Seconds != noon.Unix() {
		t.Errorf("a result that moved to another report lost its time: %s", time.Unix(at.Seconds, 0))
	}
	w.write(wr, findingsOn(3), later, Outcome{Written: 1, Deleted: 2})
	w.write(wr, nil, later, Outcome{Deleted: 1})
	if n := len(w.reports()); n != 0 {
		t.Errorf("%d reports are left", n)
	}
	w.write(wr, nil, later, Outcome{})
}

func TestAReportThatIsAsLargeAsCanBeIsAccepted(t *testing.T) {
	w := newWorld(t)
	findings := findingsOn(2 * maxResults)
	for i := range findings {
		findings[i].Message = strings.Repeat("\x01\xff<", 1<<12)
		findings[i].Remedy = strings.Repeat("\x02", 1<<12)
	}
	out, err := w.writer().Write(t.Context(), w.namespace, findings, noon)
	if err != nil {
		t.Fatal(err)
	}
	if out.Written < 8 {
		t.Errorf("%d reports for %d results of the largest kind", out.Written, len(findings))
	}
	w.write(w.writer(), findings, noon, Outcome{Unchanged: out.Written})
}

func TestAnotherHandIsSeenAndPutRight(t *testing.T) {
	w := newWorld(t)
	wr := w.writer()
	w.write(wr, findingsOn(2), noon, Outcome{Written: 1})
	refresh := func(want bool) {
		t.Helper()
		changed, err := wr.Refresh(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, namespace := range changed {
			found = found || namespace == w.namespace
		}
		if found != want {
			t.Fatalf("changed by another hand: %v of %v, want %v", found, changed, want)
		}
	}
	refresh(false)

	r := w.reports()[0]
	r.Results[0].Result = "pass"
	r.Results[0].Description = "nothing to see here"
	if err := w.client.Update(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	refresh(true)
	w.write(wr, findingsOn(2), noon, Outcome{Written: 1})
	if got := w.result("app-0").Description; got != "provided by the KDZ" {
		t.Errorf("message %q", got)
	}
	refresh(false)

	if err := w.client.Delete(t.Context(), &r); err != nil {
		t.Fatal(err)
	}
	refresh(true)
	w.write(wr, findingsOn(2), noon, Outcome{Written: 1})
}

func TestReportsOfOthersAreLeftAlone(t *testing.T) {
	w := newWorld(t)
	theirs := &openreports.Report{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "kyverno"}, Source: "kyverno"}
	if err := w.client.Create(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	wr := w.writer()
	w.write(wr, findingsOn(1), noon, Outcome{Written: 1})
	w.write(wr, nil, noon, Outcome{Deleted: 1})
	if reports := w.reports(); len(reports) != 1 || reports[0].Name != "kyverno" {
		t.Errorf("reports %v", reports)
	}
}

func TestTheClusterHasAReport(t *testing.T) {
	w := newWorld(t)
	w.namespace = ""
	wr := w.writer()
	level := findingOn("gold")
	level.Subject.Kind, level.Subject.Namespace = "ServiceLevel", ""
	w.write(wr, []Finding{level}, noon, Outcome{Written: 1})
	var report openreports.ClusterReport
	if err := w.client.Get(t.Context(), client.ObjectKey{Name: "kdz-operator"}, &report); err != nil {
		t.Fatal(err)
	}
	if report.Scope != nil || len(report.Results) != 1 || report.Summary.Pass != 1 {
		t.Errorf("%+v", report)
	}
	w.write(wr, nil, noon, Outcome{Deleted: 1})
	if err := w.client.Get(t.Context(), client.ObjectKey{Name: "kdz-operator"}, &report); !apierrors.IsNotFound(err) {
		t.Errorf("the report is still there: %v", err)
	}
}

func TestWhatAnErrorMeans(t *testing.T) {
	group := openreports.Resource("reports")
	unserved := apierrors.NewGenericServerResponse(404, "POST", group, "x", "404 page not found", 0, true)
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"no such resource": {unserved, true},
		"wrapped":          {fmt.Errorf("write: %w", unserved), true},
		"no such report":   {apierrors.NewNotFound(group, "x"), false},
		"no such namespace": {
			apierrors.NewNotFound(corev1.Resource("namespaces"), "x"), false,
		},
		"forbidden": {apierrors.NewForbidden(group, "x", nil), false},
	} {
		if got := errors.Is(absent(test.err), ErrAbsent); got != test.want {
			t.Errorf("%s: absent is %v", name, got)
		}
	}
}
