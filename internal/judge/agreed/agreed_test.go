// SPDX-License-Identifier: Apache-2.0

package agreed_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/agreed"
)

func TestEffective(t *testing.T) {
	level := &v1alpha1.ServiceLevel{}
	level.Spec.Latency = &v1alpha1.LatencyObjective{Threshold: "800ms"}
	level.Spec.Backup = &v1alpha1.BackupObjective{MaxAge: "26h", RestoreTestMaxAge: "4380h"}
	app := &v1alpha1.Application{}
	app.Spec.Endpoints = []v1alpha1.Endpoint{{Name: "portal"}, {Name: "batch", MaxLatency: "5s"}}
	app.Spec.Backup = &v1alpha1.Backup{MaxAge: "2h"}

	want := app.DeepCopy()
	want.Spec.Endpoints[0].MaxLatency = "800ms"
	want.Spec.Backup.RestoreTestMaxAge = "4380h"
	before := app.DeepCopy()
	if diff := cmp.Diff(want, agreed.Effective(app, level)); diff != "" {
		t.Errorf("effective (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, app); diff != "" {
		t.Errorf("the Application itself was changed (-was +is):\n%s", diff)
	}
}

// TestNothingIsAdded: where the agreement adds nothing, the Application is as it
// was, and is not copied.
func TestNothingIsAdded(t *testing.T) {
	full := &v1alpha1.ServiceLevel{}
	full.Spec.Latency = &v1alpha1.LatencyObjective{Threshold: "800ms"}
	full.Spec.Backup = &v1alpha1.BackupObjective{MaxAge: "26h", RestoreTestMaxAge: "4380h"}
	unusable := full.DeepCopy()
	unusable.Spec.Latency.Threshold = "0s"
	tests := map[string]struct {
		level *v1alpha1.ServiceLevel
		spec  v1alpha1.ApplicationSpec
	}{
		"no agreement":            {nil, v1alpha1.ApplicationSpec{Endpoints: []v1alpha1.Endpoint{{Name: "a"}}}},
		"an empty agreement":      {&v1alpha1.ServiceLevel{}, v1alpha1.ApplicationSpec{Endpoints: []v1alpha1.Endpoint{{Name: "a"}}, Backup: &v1alpha1.Backup{}}},
		"all is declared":         {full, v1alpha1.ApplicationSpec{Endpoints: []v1alpha1.Endpoint{{MaxLatency: "1s"}}, Backup: &v1alpha1.Backup{MaxAge: "1h", RestoreTestMaxAge: "2h"}}},
		"no backup is declared":   {full, v1alpha1.ApplicationSpec{}},
		"no backup is needed":     {full, v1alpha1.ApplicationSpec{Backup: &v1alpha1.Backup{NotRequiredReason: "it holds no data"}}},
		"a threshold that is not": {unusable, v1alpha1.ApplicationSpec{Endpoints: []v1alpha1.Endpoint{{Name: "a"}}}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			app := &v1alpha1.Application{Spec: tc.spec}
			if got := agreed.Effective(app, tc.level); got != app {
				t.Errorf("became another (-want +got):\n%s", cmp.Diff(app, got))
			}
		})
	}
}

func TestLacks(t *testing.T) {
	all := &v1alpha1.Requirements{
		Protection: &v1alpha1.RequiredProtection{
			Confidentiality: v1alpha1.ProtectionNormal, Integrity: v1alpha1.ProtectionHigh, Availability: v1alpha1.ProtectionVeryHigh,
		},
		Sovereignty: new(int32(2)),
	}
	tests := map[string]struct {
		protection  *v1alpha1.Protection
		sovereignty *int32
		requires    *v1alpha1.Requirements
		want        []string
	}{
		"nothing is required":  {},
		"nothing is declared":  {requires: all, want: []string{"protection.integrity is Normal, required is High", "protection.availability is Normal, required is VeryHigh", "sovereignty is nothing, required is 2"}},
		"all is declared":      {&v1alpha1.Protection{Integrity: v1alpha1.ProtectionVeryHigh, Availability: v1alpha1.ProtectionVeryHigh}, new(int32(2)), all, nil},
		"a little less":        {&v1alpha1.Protection{Integrity: v1alpha1.ProtectionHigh, Availability: v1alpha1.ProtectionHigh}, new(int32(1)), all, []string{"protection.availability is High, required is VeryHigh", "sovereignty is 1, required is 2"}},
		"none, but said so":    {nil, nil, &v1alpha1.Requirements{Sovereignty: new(int32(0))}, []string{"sovereignty is nothing, required is 0"}},
		"none is enough":       {nil, new(int32(0)), &v1alpha1.Requirements{Sovereignty: new(int32(0))}, nil},
		"an empty requirement": {nil, nil, &v1alpha1.Requirements{Protection: &v1alpha1.RequiredProtection{}}, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			app := &v1alpha1.Application{}
			app.Spec.Protection, app.Spec.Sovereignty = tc.protection, tc.sovereignty
			var got []string
			d := agreed.DeclarationOf(app)
			for _, lack := range d.Lacks(tc.requires) {
				got = append(got, lack.String())
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("lacks (-want +got):\n%s", diff)
			}
			if d.Meets(tc.requires) != (len(got) == 0) {
				t.Error("meets what it lacks")
			}
		})
	}
}

// TestMoreIsNeverLess: who declares more lacks nothing that it did not lack
// before, and what requires nothing is met by everybody.
func TestMoreIsNeverLess(t *testing.T) {
	levels := rapid.SampledFrom([]v1alpha1.ProtectionLevel{"", v1alpha1.ProtectionNormal, v1alpha1.ProtectionHigh, v1alpha1.ProtectionVeryHigh})
	rapid.Check(t, func(t *rapid.T) {
		r := &v1alpha1.Requirements{Protection: &v1alpha1.RequiredProtection{
			Confidentiality: levels.Draw(t, "c"), Integrity: levels.Draw(t, "i"), Availability: levels.Draw(t, "a"),
		}}
		if rapid.Bool().Draw(t, "sovereign") {
			r.Sovereignty = new(rapid.Int32Range(0, 4).Draw(t, "s"))
		}
		app := &v1alpha1.Application{}
		app.Spec.Protection = &v1alpha1.Protection{Integrity: levels.Draw(t, "declared")}
		less := agreed.DeclarationOf(app).Lacks(r)
		app.Spec.Protection.Integrity = v1alpha1.ProtectionVeryHigh
		app.Spec.Sovereignty = new(int32(4))
		if more := agreed.DeclarationOf(app).Lacks(r); len(more) > len(less) {
			t.Fatalf("with more declared it lacks %v, with less %v", more, less)
		}
		if !agreed.Requires(r) && len(less) > 0 {
			t.Fatalf("nothing is required, and it lacks %v", less)
		}
	})
}

// TestProblems: what cannot be used is named by its field, with what would be
// right; what can is not.
func TestProblems(t *testing.T) {
	hours := func(zone v1alpha1.TimeZone) *v1alpha1.ServiceHours {
		return &v1alpha1.ServiceHours{TimeZone: zone, Weekly: []v1alpha1.WeeklyHours{{Days: []v1alpha1.Weekday{"Monday"}, From: "07:00", To: "18:00"}}}
	}
	tests := map[string]struct {
		spec v1alpha1.ServiceLevelSpec
		want []string // words of each problem, in order
	}{
		"nothing is said": {},
		"all is well": {spec: v1alpha1.ServiceLevelSpec{
			ServiceHours: hours("Europe/Berlin"),
			Maintenance:  []v1alpha1.MaintenanceWindow{{Name: "patch", Schedule: "0 18 * * 2", Duration: "2h"}},
			Latency:      &v1alpha1.LatencyObjective{Threshold: "800ms"},
			Backup:       &v1alpha1.BackupObjective{MaxAge: "26h"},
			Recovery:     &v1alpha1.RecoveryObjective{MaxOutage: "4h"},
			Availability: v1alpha1.AvailabilityObjective{Window: v1alpha1.AvailabilityWindow{Rolling: "720h"}},
		}},
		"a zone that nobody knows": {v1alpha1.ServiceLevelSpec{ServiceHours: hours("Europe/Mainz")}, []string{"spec.serviceHours.timeZone: "}},
		"windows": {v1alpha1.ServiceLevelSpec{Maintenance: []v1alpha1.MaintenanceWindow{
			{Name: "never", Schedule: "0 0 30 2 *", Duration: "2h"},
			{Name: "well", Schedule: "0 18 * * 2", Duration: "2h"},
			{Name: "words", Schedule: "every tuesday", Duration: "2h"},
		}}, []string{"spec.maintenance[0].schedule: ", "spec.maintenance[2].schedule: "}},
		"times of no length": {v1alpha1.ServiceLevelSpec{
			Latency:  &v1alpha1.LatencyObjective{Threshold: "0s"},
			Backup:   &v1alpha1.BackupObjective{MaxAge: "0h", RestoreTestMaxAge: "1d"},
			Recovery: &v1alpha1.RecoveryObjective{MaxOutage: "0m"},
		}, []string{
			`spec.latency.threshold: "0s" is not a duration above 0s, such as 800ms`, `spec.backup.maxAge: "0h"`,
			`spec.backup.restoreTestMaxAge: "1d"`, `spec.recovery.maxOutage: "0m"`,
		}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got := agreed.Problems(&tc.spec)
			if len(got) != len(tc.want) {
				t.Fatalf("problems %q, want %d", got, len(tc.want))
			}
			for i, words := range tc.want {
				if !strings.HasPrefix(got[i], words) {
					t.Errorf("problem %q does not begin with %q", got[i], words)
				}
			}
		})
	}
}
