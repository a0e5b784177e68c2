// SPDX-License-Identifier: Apache-2.0

package screen

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
)

var now = time.Date(2026, 11, 21, 18, 40, 5, 0, time.FixedZone("CET", 3600))

func ago(d time.Duration) *metav1.Time {
	t := metav1.NewTime(now.Add(-d).UTC())
	return &t
}

func unit(name, number, displayName string, state v1alpha1.OperationalState, counts v1alpha1.ApplicationCounts) v1alpha1.OrganisationalUnit {
	u := v1alpha1.OrganisationalUnit{ObjectMeta: metav1.ObjectMeta{Name: name}}
	u.Spec.Number, u.Spec.DisplayName.DE, u.Spec.Type = number, displayName, v1alpha1.UnitOffice
	u.Status.OperationalState, u.Status.Applications = state, counts
	if state != "" {
		u.Status.Since = ago(time.Minute)
	}
	return u
}

func application(namespace, name string, state v1alpha1.OperationalState, since time.Duration, cause *v1alpha1.Cause) v1alpha1.Application {
	a := v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	a.Status.OperationalState, a.Status.Cause = state, cause
	if state != "" {
		a.Status.Since = ago(since)
	}
	return a
}

// snapshot has units in all ways of standing, and Applications likewise.
func snapshot() Snapshot {
	kdz := unit("kdz-16", "16", "Kommunale Datenzentrale Mainz", v1alpha1.StateOutage,
		v1alpha1.ApplicationCounts{Total: 5, Operational: 1, Degraded: 1, Outage: 2, Unknown: 1})
	kdz.Spec.Type = v1alpha1.UnitKDZ
	kdz.Status.Cause = "kdz-16/datenbanken is out: connection refused (and 1 more)"
	group := unit("kdz-16-03", "16.03", "Technischer Betrieb", v1alpha1.StateOperational, v1alpha1.ApplicationCounts{Total: 1, Operational: 1})
	group.Spec.Type = v1alpha1.UnitKDZ
	group.Spec.ParentRef = &v1alpha1.UnitReference{Name: "kdz-16"}
	return Snapshot{
		Now: now,
		Units: []v1alpha1.OrganisationalUnit{
			unit("amt-451", "451", "Gutenberg-Museum", v1alpha1.StateUnknown, v1alpha1.ApplicationCounts{Total: 1, Unknown: 1}),
			unit("amt-42", "42", "Bibliothek der Stadt", v1alpha1.StateOperational, v1alpha1.ApplicationCounts{Total: 1, Maintenance: 1}),
			group, kdz,
			unit("amt-10", "10", "Hauptamt", "", v1alpha1.ApplicationCounts{}),
			unit("amt-12", "12", "Amt 12", v1alpha1.StateOperational, v1alpha1.ApplicationCounts{}),
		},
		Applications: []v1alpha1.Application{
			application("kdz-16", "netzwerk", v1alpha1.StateOperational, time.Hour, nil),
			application("amt-42", "katalog", v1alpha1.StateMaintenance, 48*time.Hour, &v1alpha1.Cause{Message: "status\x1b[31m 500\nred"}),
			application("amt-451", "museum", v1alpha1.StateUnknown, time.Minute, &v1alpha1.Cause{Reason: v1alpha1.ReasonNotObserved, Message: "nothing is declared"}),
			application("kdz-16", "wiki", v1alpha1.StateDegraded, 15*time.Second, &v1alpha1.Cause{Message: "the certificate has expired"}),
			application("amt-10", "sap", v1alpha1.StateOutage, 5*time.Second, &v1alpha1.Cause{Kind: v1alpha1.CauseDependency, Reason: "DependencyOut"}),
			application("kdz-16", "datenbanken", v1alpha1.StateOutage, 10*time.Second, &v1alpha1.Cause{Message: "connection refused"}),
			application("kdz-16", "neu", "", 0, nil),
			application("kdz-16", "alt", v1alpha1.StateRetired, time.Hour, nil),
		},
		Projects: 3,
		Notices:  []string{"one", "two", "three", "four"},
		Hints:    []string{"kubectl get ou", "Ctrl-C ends it"},
	}
}

func TestReport(t *testing.T) {
	want := `kdz-16 Kommunale Datenzentrale Mainz: Outage since 18:39:05, kdz-16/datenbanken is out: connection refused (and 1 more)
8 Applications: 2 Outage, 1 Degraded, 1 Maintenance, 1 Unknown, 1 Operational, 1 Retired, 1 not judged yet; 3 Projects

UNIT       NUMBER  STATE           SINCE     APPS  UP  DEGRADED  OUTAGE  MAINT  UNKNOWN  NAME
amt-10     10      not judged yet            0     0   0         0       0      0        Hauptamt
kdz-16     16      Outage          18:39:05  5     1   1         2       0      1        Kommunale Datenzentrale Mainz
kdz-16-03  16.03   Operational     18:39:05  1     1   0         0       0      0        Technischer Betrieb
amt-42     42      Operational     18:39:05  1     0   0         0       1      0        Bibliothek der Stadt
amt-451    451     Unknown         18:39:05  1     0   0         0       0      1        Gutenberg-Museum
1 more unit has no Applications

APPLICATION         STATE           SINCE             CAUSE
kdz-16/datenbanken  Outage          18:39:55          connection refused
amt-10/sap          Outage          18:40:00          DependencyOut
kdz-16/wiki         Degraded        18:39:50          the certificate has expired
amt-42/katalog      Maintenance     2026-11-19 18:40  status [31m 500 red
kdz-16/neu          not judged yet
1 more Unknown: nothing is declared that could be looked at`
	if diff := cmp.Diff(want, strings.Join(Report(snapshot()), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestReportOfNothing(t *testing.T) {
	want := `0 Applications; 0 Projects

UNIT  NUMBER  STATE  SINCE  APPS  UP  DEGRADED  OUTAGE  MAINT  UNKNOWN  NAME

every Application that can be looked at is Operational`
	if diff := cmp.Diff(want, strings.Join(Report(Snapshot{Now: now}), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestFrame(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height int
		want          string
	}{
		{"all of it", 110, 40, `
Operational state of the KDZ and the units of Mainz at 18:40:05
kdz-16 Kommunale Datenzentrale Mainz: Outage since 18:39:05, kdz-16/datenbanken is out: connection refused (a…
8 Applications: 2 Outage, 1 Degraded, 1 Maintenance, 1 Unknown, 1 Operational, 1 Retired, 1 not judged yet

UNIT       NUMBER  STATE           SINCE     APPS  UP  DEGRADED  OUTAGE  MAINT  UNKNOWN  NAME
amt-10     10      not judged yet            0     0   0         0       0      0        Hauptamt
kdz-16     16      Outage          18:39:05  5     1   1         2       0      1        Kommunale Datenzentr…
kdz-16-03  16.03   Operational     18:39:05  1     1   0         0       0      0        Technischer Betrieb
amt-42     42      Operational     18:39:05  1     0   0         0       1      0        Bibliothek der Stadt
amt-451    451     Unknown         18:39:05  1     0   0         0       0      1        Gutenberg-Museum
1 more unit has no Applications

APPLICATION         STATE           SINCE             CAUSE
kdz-16/datenbanken  Outage          18:39:55          connection refused
amt-10/sap          Outage          18:40:00          DependencyOut
kdz-16/wiki         Degraded        18:39:50          the certificate has expired
amt-42/katalog      Maintenance     2026-11-19 18:40  status [31m 500 red
kdz-16/neu          not judged yet
1 more Unknown: nothing is declared that could be looked at

two
three
four

kubectl get ou
Ctrl-C ends it`},
		{"a small terminal", 60, 20, `
Operational state of the KDZ and the units of Mainz at 18:4…
kdz-16 Kommunale Datenzentrale Mainz: Outage since 18:39:05…
8 Applications: 2 Outage, 1 Degraded, 1 Maintenance, 1 Unkn…

UNIT       NUMBER  STATE        SINCE     APPS  UP  DEGRADE…
kdz-16     16      Outage       18:39:05  5     1   1      …
kdz-16-03  16.03   Operational  18:39:05  1     1   0      …
amt-42     42      Operational  18:39:05  1     0   0      …
… 3 more units: 1 Unknown, 1 not judged yet, 1 without Appl…

APPLICATION         STATE   SINCE     CAUSE
kdz-16/datenbanken  Outage  18:39:55  connection refused
amt-10/sap          Outage  18:40:00  DependencyOut
… 3 more are not well
1 more Unknown: nothing is declared that could be looked at

four

kubectl get ou
Ctrl-C ends it`},
		{"hardly room", 40, 6, `
Operational state of the KDZ and the un…
kdz-16 Kommunale Datenzentrale Mainz: O…
8 Applications: 2 Outage, 1 Degraded, 1…`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := "\n" + strings.Join(Frame(snapshot(), c.width, c.height), "\n")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s\ngot:%s", diff, got)
			}
		})
	}
}

// Verdicts and backups are told once, what is worst first, on the screen and in
// the report.
func TestSumsAreTold(t *testing.T) {
	s := snapshot()
	for i, verdict := range []v1alpha1.Verdict{
		v1alpha1.VerdictCompliant, v1alpha1.VerdictCompliant, v1alpha1.VerdictViolating, v1alpha1.VerdictUnknown, v1alpha1.VerdictExempt,
	} {
		s.Applications[i].Status.Centralisation = verdict
	}
	for i, state := range []v1alpha1.BackupState{v1alpha1.BackupCurrent, v1alpha1.BackupOverdue, v1alpha1.BackupCurrent} {
		s.Applications[i].Status.Backup = &v1alpha1.BackupStatus{State: state}
	}
	const want = "\nUnder the rule: 1 Violating, 1 Unknown, 1 Exempt, 2 Compliant\nBackups: 1 Overdue, 2 Current\n"
	for name, lines := range map[string][]string{"frame": Frame(s, 120, 40), "report": Report(s)} {
		if text := strings.Join(lines, "\n"); strings.Count(text, want) != 1 {
			t.Errorf("%s does not tell it once:\n%s", name, text)
		}
	}
}

// A frame never exceeds the terminal, whatever there is to show.
func TestFrameFits(t *testing.T) {
	state := rapid.SampledFrom(append(states, ""))
	rapid.Check(t, func(t *rapid.T) {
		s := snapshot()
		for range rapid.IntRange(0, 60).Draw(t, "units") {
			counts := v1alpha1.ApplicationCounts{Total: rapid.Int32Range(0, 2).Draw(t, "total")}
			s.Units = append(s.Units, unit(rapid.String().Draw(t, "name"), rapid.StringMatching(`[0-9]{1,3}([.-][0-9a-z]{1,3}){0,3}`).Draw(t, "number"),
				rapid.String().Draw(t, "display name"), state.Draw(t, "unit's state"), counts))
		}
		for range rapid.IntRange(0, 60).Draw(t, "applications") {
			s.Applications = append(s.Applications, application("ns", rapid.String().Draw(t, "name"), state.Draw(t, "state"), 0,
				&v1alpha1.Cause{Message: rapid.String().Draw(t, "message")}))
		}
		width, height := rapid.IntRange(0, 200).Draw(t, "width"), rapid.IntRange(0, 80).Draw(t, "height")
		lines := Frame(s, width, height)
		if len(lines) > height {
			t.Fatalf("%d lines in a height of %d", len(lines), height)
		}
		for _, line := range lines {
			if n := utf8.RuneCountInString(line); n > width {
				t.Fatalf("%d characters in a width of %d: %q", n, width, line)
			}
			if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r == 0x7f }) {
				t.Fatalf("a control character in %q", line)
			}
		}
	})
}

func TestTheKDZIsShownFirstWhereNotAllUnitsFit(t *testing.T) {
	s := snapshot()
	for range 30 {
		s.Units = append(s.Units, unit("amt-1", "1", "out", v1alpha1.StateOutage, v1alpha1.ApplicationCounts{Total: 1, Outage: 1}))
	}
	frame := strings.Join(Frame(s, 120, 20), "\n")
	if !strings.Contains(frame, "\nkdz-16  16") {
		t.Error(frame)
	}
}

func TestChanges(t *testing.T) {
	before, after := snapshot(), snapshot()
	if lines := Changes(before, after); len(lines) != 0 {
		t.Errorf("no change, but %q", lines)
	}
	before.Applications[5].Status.OperationalState = v1alpha1.StateOperational // datenbanken
	before.Applications = before.Applications[1:]                              // without netzwerk
	before.Units[3].Status.OperationalState = v1alpha1.StateDegraded
	want := []string{
		"18:40:05 Application kdz-16/netzwerk: not judged yet → Operational since 17:40:05",
		"18:40:05 Application kdz-16/datenbanken: not judged yet → Outage since 18:39:55: connection refused",
		"18:40:05 unit kdz-16: Degraded → Outage since 18:39:05: kdz-16/datenbanken is out: connection refused (and 1 more)",
	}
	want[1] = strings.Replace(want[1], "not judged yet", "Operational", 1)
	if diff := cmp.Diff(want, Changes(before, after)); diff != "" {
		t.Error(diff)
	}
}

func TestTerminalDrawsInPlace(t *testing.T) {
	var out strings.Builder
	height := 5
	terminal := &Terminal{out: &out, size: func() (int, int, error) { return 20, height, nil }}
	s := Snapshot{Now: now}
	draw := func() string {
		t.Helper()
		out.Reset()
		if err := terminal.Draw(s); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	frame := "\x1b[HOperational state o…\x1b[K\r\n0 Applications\x1b[K\r\n\x1b[J"
	if diff := cmp.Diff("\x1b[?25l"+strings.Repeat("\r\n", 5)+frame, draw()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(frame, draw()); diff != "" {
		t.Error(diff)
	}
	height = 2
	if got := draw(); strings.Count(got, "\r\n") != 1 {
		t.Errorf("in a height of 2: %q", got)
	}
	for _, want := range []string{showCursor, ""} {
		out.Reset()
		if err := terminal.Leave(); err != nil || out.String() != want {
			t.Errorf("%q, %v, want %q", out.String(), err, want)
		}
	}
}
