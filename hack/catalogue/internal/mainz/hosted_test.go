// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"cmp"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
)

// TestLabSystems checks what is not well of what applications run on, and of
// their backups: little enough that the rest can be seen to be.
func TestLabSystems(t *testing.T) {
	faults := map[string][]string{}
	for _, file := range []string{fileHosting, fileBackup} {
		for _, row := range rows(t, file) {
			if fault := cmp.Or(row["fault"], row["lab"]); fault != "up" && fault != "current" && fault != "" {
				faults[fault] = append(faults[fault], row["application"])
			}
		}
	}
	want := map[string][]string{
		"filesystem-full": {"urkundenarchiv-vdu"},
		"process-yellow":  {"mitarbeiterportal-hcm", "online-bewerbung-hcm"},
		"overdue":         {"inventarisierungssystem"},
	}
	if diff := gocmp.Diff(want, faults); diff != "" {
		t.Error(diff)
	}
}

// TestHostingAndBackup checks that whatever the KDZ runs says what it runs on
// and what backup there is, unless it is an appliance or nothing is known of it.
func TestHostingAndBackup(t *testing.T) {
	unhosted, unsaved := []string{}, []string{}
	platforms := map[v1alpha1.Platform]int{}
	for _, a := range build(t).Applications {
		s := a.Spec
		if s.Hosting != nil {
			platforms[s.Hosting.Platform]++
		}
		if s.Operation.Provider != v1alpha1.ProviderKDZ || s.Lifecycle != v1alpha1.LifecycleOperating || s.ServiceLevelRef == nil {
			continue
		}
		if s.Hosting == nil {
			unhosted = append(unhosted, a.Name)
		}
		if s.Backup == nil {
			unsaved = append(unsaved, a.Name)
		}
	}
	if diff := gocmp.Diff([]string{"netzwerk", "speicher", "telefonanlage"}, unhosted); diff != "" {
		t.Error("without hosting:", diff)
	}
	if diff := gocmp.Diff([]string{}, unsaved); diff != "" {
		t.Error("without backup:", diff)
	}
	for _, p := range []v1alpha1.Platform{v1alpha1.PlatformSAP, v1alpha1.PlatformLinux, v1alpha1.PlatformWindows, v1alpha1.PlatformSaaS} {
		if platforms[p] == 0 {
			t.Errorf("nothing runs on %s", p)
		}
	}
}
