// SPDX-License-Identifier: Apache-2.0

package application

import (
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// A write that the cache will never show, as after a restore of the API server's
// data, holds nobody up for long.
func TestOwnWrites(t *testing.T) {
	var own ownWrites
	began := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	at := func(version string) *v1alpha1.Application {
		app := &v1alpha1.Application{}
		app.Namespace, app.Name, app.ResourceVersion = "amt-33", "web", version
		return app
	}
	tests := []struct {
		name    string
		wrote   string
		cached  string
		later   time.Duration
		behind  bool
		forgets bool
	}{
		{"nothing was written", "", "9", 0, false, true},
		{"the cache is behind", "10", "9", time.Second, true, false},
		{"it shows our write", "10", "10", time.Second, false, true},
		{"it shows a later one", "9", "10", time.Second, false, true},
		{"it is behind for long", "10", "9", ownWriteWithin, false, true},
		{"its versions say nothing", "10", "x", 0, false, true},
	}
	for _, test := range tests {
		if test.wrote != "" {
			own.wrote(at(test.wrote), began)
		}
		if got := own.behind(at(test.cached), began.Add(test.later)); got != test.behind {
			t.Errorf("%s: behind is %t", test.name, got)
		}
		if forgot := len(own.written) == 0; forgot != test.forgets {
			t.Errorf("%s: forgotten is %t", test.name, forgot)
		}
		own.forget(client.ObjectKeyFromObject(at("")))
	}
	if len(own.written) > 0 {
		t.Error("what is gone is remembered")
	}

	own.wrote(at("10"), began)
	if own.shown(at("9")); len(own.written) == 0 {
		t.Error("an older version counts as our own write")
	}
	if own.shown(at("10")); len(own.written) > 0 {
		t.Error("what the cache shows is remembered")
	}
}
