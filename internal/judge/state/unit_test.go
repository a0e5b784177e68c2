// SPDX-License-Identifier: Apache-2.0

package state

import (
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
)

var unitEpoch = time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)

func unitMember(name string, s v1alpha1.OperationalState, level v1alpha1.ProtectionLevel, minute int, message string) UnitMember {
	return UnitMember{
		Namespace: "amt-10", Name: name, State: s, Availability: level,
		Since: unitEpoch.Add(time.Duration(minute) * time.Minute), Message: message,
	}
}

// tallyUnit counts members and finds the worst by looking at every one.
func tallyUnit(members []UnitMember) (v1alpha1.ApplicationCounts, *UnitMember) {
	counts := v1alpha1.ApplicationCounts{Total: int32(len(members))}
	var worst *UnitMember
	for i, m := range members {
		switch m.State {
		case v1alpha1.StateOperational:
			counts.Operational++
		case v1alpha1.StateDegraded:
			counts.Degraded++
		case v1alpha1.StateOutage:
			counts.Outage++
		case v1alpha1.StateMaintenance:
			counts.Maintenance++
		case v1alpha1.StateUnknown:
			counts.Unknown++
		case v1alpha1.StatePlanned:
			counts.Planned++
		case v1alpha1.StateRetired:
			counts.Retired++
		}
		if Troubled(m.State) && (worst == nil || CompareUnitMembers(m, *worst) < 0) {
			worst = &members[i]
		}
	}
	return counts, worst
}

func TestUnit(t *testing.T) {
	const (
		up, degraded, out       = v1alpha1.StateOperational, v1alpha1.StateDegraded, v1alpha1.StateOutage
		maintenance, unknown    = v1alpha1.StateMaintenance, v1alpha1.StateUnknown
		planned, retired        = v1alpha1.StatePlanned, v1alpha1.StateRetired
		normal, high, veryHigh  = v1alpha1.ProtectionNormal, v1alpha1.ProtectionHigh, v1alpha1.ProtectionVeryHigh
		refused                 = "endpoint portal refused the connection"
		unset                   = v1alpha1.ProtectionLevel("")
		stateOutage, stateOK    = v1alpha1.StateOutage, v1alpha1.StateOperational
		stateWorse, stateUnseen = v1alpha1.StateDegraded, v1alpha1.StateUnknown
	)
	tests := map[string]struct {
		members []UnitMember
		want    UnitVerdict
	}{
		"no Application": {nil, UnitVerdict{State: stateOK}},
		"all well":       {[]UnitMember{unitMember("a", up, high, 0, ""), unitMember("b", up, normal, 0, "")}, UnitVerdict{State: stateOK}},
		"a high one out": {
			[]UnitMember{unitMember("a", up, high, 0, ""), unitMember("civento", out, high, 1, refused)},
			UnitVerdict{stateOutage, "amt-10/civento is out: " + refused},
		},
		"a very high one out": {
			[]UnitMember{unitMember("civento", out, veryHigh, 1, "")},
			UnitVerdict{stateOutage, "amt-10/civento is out"},
		},
		"a normal one out degrades": {
			[]UnitMember{unitMember("civento", out, normal, 1, refused+".")},
			UnitVerdict{stateWorse, "amt-10/civento is out: " + refused},
		},
		"no declared need is normal": {
			[]UnitMember{unitMember("civento", out, unset, 1, refused)},
			UnitVerdict{stateWorse, "amt-10/civento is out: " + refused},
		},
		"several out: the highest need first, then the longest": {
			[]UnitMember{
				unitMember("a", out, normal, 0, "x"), unitMember("b", out, veryHigh, 7, "y"),
				unitMember("c", out, veryHigh, 5, refused), unitMember("d", degraded, veryHigh, 0, "z"),
			},
			UnitVerdict{stateOutage, "amt-10/c is out: " + refused + " (and 2 more)"},
		},
		"equally long: by name": {
			[]UnitMember{unitMember("b", degraded, normal, 3, "slow"), unitMember("a", degraded, normal, 3, "slow")},
			UnitVerdict{stateWorse, "amt-10/a is degraded: slow (and 1 more)"},
		},
		"out weighs more than degraded, whatever the need": {
			[]UnitMember{unitMember("a", degraded, veryHigh, 0, "slow"), unitMember("b", out, normal, 9, "gone")},
			UnitVerdict{stateWorse, "amt-10/b is out: gone"},
		},
		"nothing could be looked at": {
			[]UnitMember{unitMember("a", unknown, normal, 0, "no check has run"), unitMember("b", unknown, normal, 0, "")},
			UnitVerdict{stateUnseen, "amt-10/a could not be looked at: no check has run (and 1 more)"},
		},
		"nothing live could be looked at": {
			[]UnitMember{unitMember("a", unknown, normal, 0, ""), unitMember("b", planned, high, 0, ""), unitMember("c", retired, high, 0, "")},
			UnitVerdict{stateUnseen, "amt-10/a could not be looked at"},
		},
		"something could be looked at": {
			[]UnitMember{unitMember("a", unknown, veryHigh, 0, "x"), unitMember("b", up, normal, 0, "")},
			UnitVerdict{State: stateOK},
		},
		"nothing live":           {[]UnitMember{unitMember("a", planned, high, 0, ""), unitMember("b", retired, high, 0, "")}, UnitVerdict{State: stateOK}},
		"agreed maintenance":     {[]UnitMember{unitMember("a", maintenance, veryHigh, 0, "patching")}, UnitVerdict{State: stateOK}},
		"line breaks do no harm": {[]UnitMember{unitMember("a", out, high, 0, "one\n two\tthree ")}, UnitVerdict{stateOutage, "amt-10/a is out: one two three"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			counts, worst := tallyUnit(tc.members)
			if diff := cmp.Diff(tc.want, Unit(counts, worst)); diff != "" {
				t.Errorf("verdict (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompareUnitMembersPutsTheUnknownTimeLast(t *testing.T) {
	known := unitMember("b", v1alpha1.StateOutage, v1alpha1.ProtectionHigh, 0, "")
	never := known
	never.Name, never.Since = "a", time.Time{}
	if got := CompareUnitMembers(known, never); got >= 0 {
		t.Errorf("an outage since a known time must come before one since an unknown time, got %d", got)
	}
	if got := CompareUnitMembers(never, never); got != 0 {
		t.Errorf("the same Application compares as %d, want 0", got)
	}
}

func drawUnitMember(t *rapid.T) UnitMember {
	return UnitMember{
		Namespace: rapid.SampledFrom([]string{"amt-10", "amt-33", "schulen"}).Draw(t, "namespace"),
		Name:      rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "name"),
		State: rapid.SampledFrom([]v1alpha1.OperationalState{
			v1alpha1.StateOperational, v1alpha1.StateDegraded, v1alpha1.StateOutage, v1alpha1.StateMaintenance,
			v1alpha1.StateUnknown, v1alpha1.StatePlanned, v1alpha1.StateRetired,
		}).Draw(t, "state"),
		Availability: rapid.SampledFrom([]v1alpha1.ProtectionLevel{
			"", v1alpha1.ProtectionNormal, v1alpha1.ProtectionHigh, v1alpha1.ProtectionVeryHigh,
		}).Draw(t, "availability"),
		Since:   rapid.SampledFrom([]time.Time{{}, unitEpoch, unitEpoch.Add(time.Hour)}).Draw(t, "since"),
		Message: rapid.String().Draw(t, "message"),
	}
}

// TestUnitFollowsTheRule compares the verdict with the rule as it is written,
// member by member.
func TestUnitFollowsTheRule(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.SliceOfN(rapid.Custom(drawUnitMember), 0, 12).Draw(t, "members")
		is := func(want v1alpha1.OperationalState) func(UnitMember) bool {
			return func(m UnitMember) bool { return m.State == want }
		}
		live := slices.DeleteFunc(slices.Clone(members), func(m UnitMember) bool {
			return m.State == v1alpha1.StatePlanned || m.State == v1alpha1.StateRetired
		})
		severe := func(m UnitMember) bool {
			return m.State == v1alpha1.StateOutage &&
				(m.Availability == v1alpha1.ProtectionHigh || m.Availability == v1alpha1.ProtectionVeryHigh)
		}
		want := v1alpha1.StateOperational
		switch {
		case slices.ContainsFunc(members, severe):
			want = v1alpha1.StateOutage
		case slices.ContainsFunc(members, is(v1alpha1.StateOutage)), slices.ContainsFunc(members, is(v1alpha1.StateDegraded)):
			want = v1alpha1.StateDegraded
		case len(live) > 0 && !slices.ContainsFunc(live, func(m UnitMember) bool { return m.State != v1alpha1.StateUnknown }):
			want = v1alpha1.StateUnknown
		}

		got := Unit(tallyUnit(members))
		if got.State != want {
			t.Fatalf("state %s, want %s", got.State, want)
		}
		if (got.Cause == "") != (want == v1alpha1.StateOperational) {
			t.Fatalf("state %s with cause %q", got.State, got.Cause)
		}
	})
}

func TestUnitCauseFitsItsField(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawUnitMember(t)
		m.State = v1alpha1.StateOutage
		m.Message = strings.Repeat(m.Message, rapid.IntRange(1, 200).Draw(t, "repeat"))
		others := rapid.Int32Range(0, 200_000).Draw(t, "others")

		cause := Unit(v1alpha1.ApplicationCounts{Total: others + 1, Outage: others + 1}, &m).Cause
		if len(cause) > maxUnitCause {
			t.Fatalf("cause has %d bytes: %q", len(cause), cause)
		}
		if utf8.ValidString(m.Message) && !utf8.ValidString(cause) {
			t.Fatalf("cause is cut within a rune: %q", cause)
		}
		if !strings.HasPrefix(cause, m.Namespace+"/"+m.Name+" is out") {
			t.Fatalf("cause does not name the Application: %q", cause)
		}
		if others > 0 && !strings.HasSuffix(cause, " more)") {
			t.Fatalf("cause does not count the others: %q", cause)
		}
	})
}

// TestCompareUnitMembersIsAnOrder checks what a sorted structure relies on.
func TestCompareUnitMembersIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := drawUnitMember(t), drawUnitMember(t), drawUnitMember(t)
		if CompareUnitMembers(a, b) != -CompareUnitMembers(b, a) {
			t.Fatal("not antisymmetric")
		}
		if CompareUnitMembers(a, b) <= 0 && CompareUnitMembers(b, c) <= 0 && CompareUnitMembers(a, c) > 0 {
			t.Fatal("not transitive")
		}
	})
}
