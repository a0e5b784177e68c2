// SPDX-License-Identifier: Apache-2.0

package account_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/account"
	"kdz.mainz.de/operator/internal/heartbeat"
)

// recorded is an operator that has recorded everything up to a moment, and
// observed all of it.
func recorded(at time.Time) account.Recorded {
	return account.Recorded{Beat: heartbeat.Beat{Version: heartbeat.Version, Recorded: at, Sequence: 7}, Gaps: heartbeat.Gaps{Version: heartbeat.Version}}
}

// What a person reads is as of the last heartbeat, if that is known and the
// account can be advanced to it, and says which moment it is.
func TestAsOf(t *testing.T) {
	at := func(text string) time.Time {
		moment, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	const noon, written = "As of           2026-12-10 12:00:00 CET, the last heartbeat", "As of           2026-12-08 20:00:00 CET, when the account was written last"
	for _, test := range []struct {
		name, file string
		given      func(*account.Given)
		want, not  []string
	}{
		{
			"the heartbeat", "met",
			func(*account.Given) {},
			[]string{noon, "Agreed          79h 0m 0s so far", "Left            56m 18s", "Charged         7m 0s", "Unobserved      1m 5s"},
			[]string{"not in these figures", "has recorded nothing"},
		},
		{
			"the heartbeat, in an outage", "open",
			func(*account.Given) {},
			[]string{noon, "Result          Breached: 3h 0m 0s charged are 1h 56m 42s more", "Charged         3h 0m 0s", "3h 0m 0s so far   3h 0m 0s"},
			[]string{"longer than was agreed"},
		},
		{
			"an outage longer than was agreed, which is not written yet", "open",
			func(g *account.Given) { g.Recorded, g.Now = recorded(now.Add(2*time.Hour)), now.Add(2*time.Hour) },
			[]string{"Charged         5h 0m 0s", "    1 outage lasted longer than was agreed", "    longer than was agreed for one outage"},
			nil,
		},
		{
			"an outage that is another's", "open",
			func(g *account.Given) { g.Record.Current.OpenOutage.Charged = new(false) },
			[]string{"Charged         0s", "Excluded        3h 0m 0s", "    less 3h 0m 0s while a dependency was down"},
			nil,
		},
		{
			"a gap", "met",
			func(g *account.Given) {
				g.Recorded.Gaps.Gaps = []heartbeat.Gap{
					{From: at("2026-12-08T06:00:00Z"), To: at("2026-12-08T07:00:00Z")}, // in the account already
					{From: at("2026-12-09T05:30:00Z"), To: at("2026-12-09T06:20:00Z")},
				}
			},
			[]string{noon, "Unobserved      21m 5s"},
			nil,
		},
		{
			"the heartbeat of others' failures", "met",
			func(g *account.Given) {
				g.Recorded.Beat.Pending = []heartbeat.Pending{
					{Namespace: "amt-33", Name: "civento", FirstFailure: now.Add(-time.Hour)},
					{Namespace: "amt-10", Name: "meso", FirstFailure: now.Add(-time.Hour)},
				}
			},
			[]string{noon},
			nil,
		},
		{
			"failures that are no outage yet", "met",
			func(g *account.Given) {
				g.Recorded.Beat.Pending = []heartbeat.Pending{
					{Namespace: "amt-10", Name: "civento", FirstFailure: now.Add(-time.Minute)},
					{Namespace: "amt-10", Name: "civento", FirstFailure: now.Add(-time.Hour)},
				}
			},
			[]string{"As of           2026-12-10 11:00:00 CET, the first of failures that are not an outage yet", "Agreed          78h 0m 0s so far"},
			nil,
		},
		{
			"written after the heartbeat", "met",
			func(g *account.Given) {
				g.Recorded, g.Now = recorded(at("2026-12-08T18:59:58Z")), at("2026-12-08T19:00:01Z")
			},
			[]string{written, "Agreed          63h 0m 0s so far"},
			[]string{"not in these figures", "has recorded nothing"},
		},
		{
			"an operator that is silent", "met",
			func(g *account.Given) { g.Now = now.Add(2 * time.Hour) },
			[]string{noon, "The operator has recorded nothing for 2h 0m 0s: it is blind, or does not run."},
			[]string{"not in these figures"},
		},
		{
			"a heartbeat that may not be read", "met",
			func(g *account.Given) { g.Recorded = account.Recorded{Err: errors.New("configmaps is forbidden")} },
			[]string{
				written, "\n    the operator's heartbeat cannot be read: configmaps is forbidden\n", "Agreed          63h 0m 0s so far",
				"    not in these figures: 40h 0m 0s since then, Up, 16h 0m 0s of it in service hours\n",
			},
			[]string{"has recorded nothing"},
		},
		{
			"an agreement that cannot be read", "met",
			func(g *account.Given) { g.Levels = nil },
			[]string{"As of          2026-12-08 20:00:00 CET, when the account was written last", "\n    nothing is known of what ServiceLevel office-hours says\n", "    not in these figures: 40h 0m 0s since then, Up\n"},
			[]string{"has recorded nothing"},
		},
		{
			"an agreement of which nothing is recorded", "met",
			func(g *account.Given) { g.Levels["office-hours"].Status.Revisions = nil },
			[]string{written, "\n    nothing is known of what ServiceLevel office-hours says\n"},
			nil,
		},
		{
			"an Application that does not exist any more", "open",
			func(g *account.Given) { g.Application = nil },
			[]string{"As of           2026-12-10 09:00:00 CET, when the account was written last", "    not in these figures: 3h 0m 0s since then", "does not exist any more"},
			[]string{"heartbeat"},
		},
		{
			"what is not in service", "met",
			func(g *account.Given) { g.Record.Current.State = v1alpha1.IndicatorNotInService },
			[]string{written},
			[]string{"not in these figures", "heartbeat"},
		},
		{
			"a period that is over and not booked yet", "open",
			func(g *account.Given) { g.Now = at("2027-01-01T02:00:00Z"); g.Recorded = recorded(g.Now) },
			[]string{"Period          2027-01, since 2027-01-01 00:00:00 CET, running", "As of           2027-01-01 03:00:00 CET, the last heartbeat", "\n2026-12   office-hours   99.5        "},
			[]string{"By the calendar"},
		},
		{
			"a period that is over by its name", "open",
			func(g *account.Given) {
				g.Now = at("2027-01-01T02:00:00Z")
				g.Recorded, g.Period = recorded(g.Now), "2026-12"
			},
			[]string{"Period          2026-12, 2026-12-01 00:00:00 CET to 2027-01-01 00:00:00 CET", "Budget          1h 3m 18s of 211h 0m 0s agreed", "Agreed          211h 0m 0s", "Charged         135h 0m 0s"},
			[]string{"As of"},
		},
		{
			"a period that was over after the heartbeat", "met",
			func(g *account.Given) {
				g.Recorded, g.Now = recorded(at("2026-12-31T22:59:00Z")), at("2026-12-31T23:01:30Z")
			},
			[]string{"Period          2026-12, since", "As of           2026-12-31 23:59:00 CET, the last heartbeat", "By the calendar this period is over", "nothing for 2m 30s"},
			nil,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := load(t, test.file).given("")
			g.Recorded = recorded(now)
			test.given(&g)
			r, err := account.Build(g)
			if err != nil {
				t.Fatal(err)
			}
			text := r.Text()
			for _, words := range test.want {
				if !strings.Contains(text, words) {
					t.Errorf("lacks %q", words)
				}
			}
			for _, words := range test.not {
				if strings.Contains(text, words) {
					t.Errorf("has %q", words)
				}
			}
			if t.Failed() {
				t.Log(text)
			}
		})
	}
}

// The list is as of the heartbeat as well, in its order too.
func TestTheListIsAsOfTheHeartbeat(t *testing.T) {
	w := load(t, "met", "open")
	for _, test := range []struct {
		recorded    account.Recorded
		first, asOf string
	}{
		{recorded(now), "meso", "2026-12-10T11:00:00Z"},
		{account.Recorded{Err: errors.New("forbidden")}, "civento", "2026-12-08T19:00:00Z"},
	} {
		list := account.BuildList(w.apps, w.records, w.levels, test.recorded)
		if list[0].Name != test.first || list[0].AsOf.UTC().Format(time.RFC3339) != test.asOf {
			t.Errorf("%+v", list[0])
		}
	}
}
