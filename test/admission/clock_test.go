// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// stamp is an entry of managedFields with a moment.
func stamp(at string) map[string]any {
	return map[string]any{
		"manager": "forger", "operation": "Update", "apiVersion": "kdz.mainz.de/v1alpha1", "time": at,
		"fieldsType": "FieldsV1", "fieldsV1": map[string]any{"f:spec": map[string]any{"f:description": map[string]any{}}},
	}
}

// forgeries are managedFields that a client may send to make the server's clock
// another one.
var forgeries = map[string]any{
	"emptied":              []any{},
	"an empty entry":       []any{map[string]any{}},
	"null":                 nil,
	"older":                []any{stamp("2020-01-01T00:00:00Z")},
	"newer":                []any{stamp("2999-01-01T00:00:00Z")},
	"older and newer":      []any{stamp("2020-01-01T00:00:00Z"), stamp("9999-12-31T23:59:59Z")},
	"beyond all":           []any{stamp("9999-12-31T23:59:59-12:00")},
	"without a moment":     []any{map[string]any{"manager": "forger", "operation": "Update", "apiVersion": "kdz.mainz.de/v1alpha1"}},
	"no moment":            []any{stamp("yesterday")},
	"of no version":        []any{map[string]any{"manager": "forger", "operation": "Update", "apiVersion": "kdz.mainz.de/v9", "time": "2020-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": map[string]any{}}},
	"of no type of fields": []any{map[string]any{"manager": "forger", "operation": "Update", "time": "2020-01-01T00:00:00Z", "fieldsType": "X"}},
	"fields garbled":       []any{map[string]any{"manager": "forger", "operation": "Update", "apiVersion": "kdz.mainz.de/v1alpha1", "time": "2020-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": map[string]any{"x": "y"}}},
	"no list":              "none",
}

// forged is an Application with managedFields.
func forged(t *testing.T, app *v1alpha1.Application, managedFields any) *unstructured.Unstructured {
	t.Helper()
	app = app.DeepCopy()
	app.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Application"))
	plain, err := runtime.DefaultUnstructuredConverter.ToUnstructured(app)
	if err != nil {
		t.Fatal(err)
	}
	delete(plain, "status")
	plain["metadata"].(map[string]any)["managedFields"] = managedFields
	return &unstructured.Unstructured{Object: plain}
}

// mustStayRefused checks that the rule refused, or the server before it.
func mustStayRefused(t *testing.T, err error) {
	t.Helper()
	if apierrors.IsBadRequest(err) || apierrors.IsInvalid(err) {
		return
	}
	mustRefuse(t, err, "applications", messageDecentral)
}

// TestClockCannotBeTurnedBack shows that no managedFields let in, by an
// exemption that has expired, what is to be created or to become decentral.
func TestClockCannotBeTurnedBack(t *testing.T) {
	was := stored(t, application(unitOffice, "turned-back"))
	past := expired(t, was)
	index(t, map[string]string{"amt-33/turned-back": past, "amt-33/turned-back-later": past})
	created := application(unitOffice, "turned-back-later", decentral)
	u := editor(t)
	for name, managedFields := range forgeries {
		t.Run(name, func(t *testing.T) {
			mustStayRefused(t, u.try(create, forged(t, created, managedFields)))
			mustStayRefused(t, u.try(update, forged(t, changed(was, decentral), managedFields)))
			patch := map[string]any{"metadata": map[string]any{"managedFields": managedFields}, "spec": map[string]any{"operation": map[string]any{"provider": "Decentral", "unitRef": nil}}}
			mustStayRefused(t, u.patch(was, patch))
		})
	}
	t.Run("by another manager", func(t *testing.T) {
		app := forged(t, changed(was, decentral), nil)
		for _, field := range []string{"managedFields", "resourceVersion", "uid", "creationTimestamp", "generation"} {
			unstructured.RemoveNestedField(app.Object, "metadata", field)
		}
		mustStayRefused(t, u.client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(app), client.FieldOwner("other"), client.ForceOwnership, client.DryRunAll))
	})
}

// TestForgedStampsStay shows that stamps which were forged before do not help
// later, and that an Application without any is editable but for the rule.
func TestForgedStampsStay(t *testing.T) {
	for i, managedFields := range []any{
		[]any{map[string]any{}},
		[]any{stamp("2020-01-01T00:00:00Z")},
		[]any{stamp("2999-01-01T00:00:00Z")},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			name := fmt.Sprintf("forged-%d", i)
			was := stored(t, application(unitOffice, name))
			index(t, map[string]string{"amt-33/" + name: expired(t, was)})
			u := editor(t)
			mustAccept(t, u.do(update, forged(t, was, managedFields)))
			if err := admin(t).Get(t.Context(), client.ObjectKeyFromObject(was), was); err != nil {
				t.Fatal(err)
			}
			mustRefuse(t, u.try(update, changed(was, decentral)), "applications", messageDecentral)
			mustAccept(t, u.try(update, changed(was, described("x"))))
		})
	}
}

// expired is a moment, over now, at which an Application was there already: the
// moment of its creation is no clock.
func expired(t *testing.T, app *v1alpha1.Application) string {
	t.Helper()
	end := app.CreationTimestamp.Add(time.Second)
	eventually(t, "a second after the creation is over", func() error {
		if left := time.Until(end.Add(time.Second)); left > 0 {
			return fmt.Errorf("%s left", left)
		}
		return nil
	})
	return end.UTC().Format(time.RFC3339)
}

// TestNoDayWithoutStamps shows that a plan is over for an Application without a
// stamp, or with one after all days.
func TestNoDayWithoutStamps(t *testing.T) {
	t.Parallel()
	u := editor(t)
	for name, plan := range map[string]edit{"transition": transition("p", "2027-06-30"), "review": review("9999-12-30", "amt-10")} {
		was := stored(t, application(unitOffice, "no-day-"+name, decentral, plan))
		mustAccept(t, u.try(update, changed(was, in("Operating"))))
		for _, managedFields := range []any{[]any{map[string]any{}}, []any{stamp("9999-12-31T23:30:00Z")}} {
			mustRefuse(t, u.try(update, forged(t, changed(was, in("Operating")), managedFields)), "applications", messageDecentral)
		}
	}
}

// TestExemptionRunsOut shows that an exemption that runs out is refused from
// then on, although nobody writes anything: no operator runs here.
func TestExemptionRunsOut(t *testing.T) {
	t.Parallel()
	end := time.Now().Add(5 * time.Second).Truncate(time.Second)
	index(t, map[string]string{"amt-33/runs-out": end.UTC().Format(time.RFC3339)})
	app := application(unitOffice, "runs-out", decentral)
	u := editor(t)
	if err := u.try(create, app); err != nil && time.Now().Before(end) {
		t.Error("refused while exempt:", err)
	}
	eventually(t, "refused when it has run out", func() error { return refused(u.try(create, app), "applications", messageDecentral) })
	if time.Now().Before(end) {
		t.Error("refused before its end")
	}
}

// TestDaysEndInBerlin shows that the policies count days as they are in
// Europe/Berlin: what ends today still holds, what ended yesterday does not.
func TestDaysEndInBerlin(t *testing.T) {
	t.Parallel()
	u := editor(t, mayTransition)
	// Around midnight the test and the server may see different days.
	eventually(t, "today holds, yesterday does not", func() error {
		day := today(t)
		yesterday := dayBefore(t, day)
		for _, plan := range []func(string) edit{
			func(day string) edit { return transition("p", day) },
			func(day string) edit { return review(day, "amt-10") },
		} {
			if err := u.try(create, application(unitOffice, "days", decentral, plan(day))); err != nil {
				return err
			}
			if err := refused(u.try(create, application(unitOffice, "days", decentral, plan(yesterday))), "applications", messageDecentral); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestTransitionIsBoundedToTheDay shows where maxTransition ends, in days of
// UTC, and that it is not got around without stamps.
func TestTransitionIsBoundedToTheDay(t *testing.T) {
	t.Parallel()
	most, err := time.ParseDuration(maxTransition)
	if err != nil {
		t.Fatal(err)
	}
	u := editor(t, mayTransition)
	eventually(t, "the last day is allowed, the next is not", func() error {
		last := time.Now().UTC().Add(most)
		if err := u.try(create, application(unitOffice, "bounded", decentral, transition("p", last.Format(time.DateOnly)))); err != nil {
			return err
		}
		next := last.AddDate(0, 0, 1).Format(time.DateOnly)
		return refused(u.try(create, application(unitOffice, "bounded", decentral, transition("p", next))), "applications", messageTransitionShort)
	})
	was := stored(t, application(unitOffice, "bounded", decentral))
	app := forged(t, changed(was, transition("p", "2027-01-31")), []any{map[string]any{}})
	mustRefuse(t, u.try(update, app), "applications", messageTransitionShort)
}

// today is the day in Europe/Berlin.
func today(tb testing.TB) string {
	tb.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	return time.Now().In(zone).Format(time.DateOnly)
}

func dayBefore(tb testing.TB, day string) string { return dayAfter(tb, day, -1) }

// dayAfter is some days later.
func dayAfter(tb testing.TB, day string, days int) string {
	tb.Helper()
	d, err := time.Parse(time.DateOnly, day)
	if err != nil {
		tb.Fatal(err)
	}
	return d.AddDate(0, 0, days).Format(time.DateOnly)
}
