// SPDX-License-Identifier: Apache-2.0

package acceptance_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// large is a handover that says all there is to say.
func large() *v1alpha1.HandoverSpec {
	s := &handover().Spec
	s.ProjectRef.Namespace = "amt-10"
	s.ApplicationRefs = []v1alpha1.ApplicationReference{{Name: "termine"}, {Name: "aufruf"}, {Name: "aufruf", Namespace: "amt-10"}}
	s.SupportUnitRef = &v1alpha1.UnitReference{Name: "kdz-16-04"}
	s.Checks = []v1alpha1.HandoverCheck{"RestoreTested", "BackedUp"}
	s.Criteria = append(s.Criteria, v1alpha1.HandoverCriterion{
		Name: "accessibility", Description: "Barrierefreiheit geprüft: „<b>“ & Co.", Required: new(false),
	})
	return s
}

// TestHash pins the form that is hashed and the hashes: signatures are for them.
// A change here makes every signature void that was ever given; it needs another
// version.
func TestHash(t *testing.T) {
	for _, c := range []struct {
		name string
		spec *v1alpha1.HandoverSpec
		form string
		hash v1alpha1.ContentHash
	}{
		{
			"nothing", &v1alpha1.HandoverSpec{},
			`{"project":"","applications":null,"operations":"","support":"","checks":["BackedUp","Centralised","CertificatesValid","ContactsNamed","EndpointsAvailable","HostingHealthy","ServiceLevelAssigned"],"criteria":null}`,
			"v1:67b31f67ee525a6b744b2151837004e188a649d86d31dadfbb1bcc9b35879738",
		},
		{
			"the example", &handover().Spec,
			`{"project":"online-terminvergabe","applications":["termine"],"operations":"kdz-16-03-04","support":"",` +
				`"checks":["BackedUp","Centralised","CertificatesValid","ContactsNamed","EndpointsAvailable","HostingHealthy","ServiceLevelAssigned"],` +
				`"criteria":[{"name":"operations-manual","description":"Operations manual handed over","required":true},{"name":"training","description":"Service desk and users trained","required":true}]}`,
			"v1:d1fd7ee52b74bebc2e23e9b8a8fc56c59c0017291f2da4f55303fac63012bf49",
		},
		{
			"all there is", large(),
			`{"project":"amt-10/online-terminvergabe","applications":["amt-10/aufruf","aufruf","termine"],"operations":"kdz-16-03-04","support":"kdz-16-04",` +
				`"checks":["BackedUp","RestoreTested"],` +
				`"criteria":[{"name":"accessibility","description":"Barrierefreiheit geprüft: „\u003cb\u003e“ \u0026 Co.","required":false},` +
				`{"name":"operations-manual","description":"Operations manual handed over","required":true},{"name":"training","description":"Service desk and users trained","required":true}]}`,
			"v1:40a4a730a3bb4c413e0aae376453adbd0d04bcb8e20b192274667626fcae1c84",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := acceptance.Hash(c.spec); got != c.hash {
				t.Errorf("hash %s, want %s", got, c.hash)
			}
			sum := sha256.Sum256([]byte(c.form))
			if got := v1alpha1.ContentHash("v1:" + hex.EncodeToString(sum[:])); got != c.hash {
				t.Errorf("the form has the hash %s, want %s", got, c.hash)
			}
		})
	}
}

// TestHashIndifferent: what a signature is not for makes no difference.
func TestHashIndifferent(t *testing.T) {
	for name, change := range map[string]func(*v1alpha1.HandoverSpec){
		"order of Applications": func(s *v1alpha1.HandoverSpec) { slices.Reverse(s.ApplicationRefs) },
		"order of checks":       func(s *v1alpha1.HandoverSpec) { slices.Reverse(s.Checks) },
		"order of criteria":     func(s *v1alpha1.HandoverSpec) { slices.Reverse(s.Criteria) },
		"required by default":   func(s *v1alpha1.HandoverSpec) { s.Criteria[0].Required = new(true) },
		"fulfilment":            func(s *v1alpha1.HandoverSpec) { s.Criteria[0].FulfilledOn, s.Criteria[0].Evidence = "", "a wiki" },
		"dueOn":                 func(s *v1alpha1.HandoverSpec) { s.DueOn = "" },
		"stableFor":             func(s *v1alpha1.HandoverSpec) { s.StableFor = "15m" },
		"application manager":   func(s *v1alpha1.HandoverSpec) { s.ApplicationManager = &v1alpha1.Person{Name: "somebody"} },
		"early-life support":    func(s *v1alpha1.HandoverSpec) { s.EarlyLifeSupport = &v1alpha1.EarlyLifeSupport{Duration: "1h"} },
	} {
		t.Run(name, func(t *testing.T) {
			changed := large()
			change(changed)
			if acceptance.Hash(changed) != acceptance.Hash(large()) {
				t.Error("makes a difference")
			}
		})
	}
	t.Run("checks by default", func(t *testing.T) {
		absent, written := handover().Spec, handover().Spec
		written.Checks = acceptance.DefaultChecks()
		if acceptance.Hash(&absent) != acceptance.Hash(&written) {
			t.Error("makes a difference")
		}
	})
	t.Run("lists that are empty", func(t *testing.T) {
		if acceptance.Hash(&v1alpha1.HandoverSpec{Criteria: []v1alpha1.HandoverCriterion{}}) != acceptance.Hash(&v1alpha1.HandoverSpec{}) {
			t.Error("makes a difference")
		}
	})
}

// TestHashDiffers: what a signature is for makes one.
func TestHashDiffers(t *testing.T) {
	seen := map[v1alpha1.ContentHash]string{acceptance.Hash(large()): "nothing changed"}
	for name, change := range map[string]func(*v1alpha1.HandoverSpec){
		"project":               func(s *v1alpha1.HandoverSpec) { s.ProjectRef.Name = "another" },
		"project's namespace":   func(s *v1alpha1.HandoverSpec) { s.ProjectRef.Namespace = "" },
		"one Application less":  func(s *v1alpha1.HandoverSpec) { s.ApplicationRefs = s.ApplicationRefs[:2] },
		"another Application":   func(s *v1alpha1.HandoverSpec) { s.ApplicationRefs[0].Name = "another" },
		"an Application's home": func(s *v1alpha1.HandoverSpec) { s.ApplicationRefs[0].Namespace = "amt-33" },
		"operations":            func(s *v1alpha1.HandoverSpec) { s.OperationsUnitRef.Name = "another" },
		"support":               func(s *v1alpha1.HandoverSpec) { s.SupportUnitRef.Name = "another" },
		"no support":            func(s *v1alpha1.HandoverSpec) { s.SupportUnitRef = nil },
		"units exchanged": func(s *v1alpha1.HandoverSpec) {
			s.OperationsUnitRef, *s.SupportUnitRef = *s.SupportUnitRef, s.OperationsUnitRef
		},
		"one check less":            func(s *v1alpha1.HandoverSpec) { s.Checks = s.Checks[:1] },
		"no check":                  func(s *v1alpha1.HandoverSpec) { s.Checks = []v1alpha1.HandoverCheck{} },
		"the checks by default":     func(s *v1alpha1.HandoverSpec) { s.Checks = nil },
		"one criterion less":        func(s *v1alpha1.HandoverSpec) { s.Criteria = s.Criteria[:2] },
		"a criterion's name":        func(s *v1alpha1.HandoverSpec) { s.Criteria[0].Name = "another" },
		"a criterion's description": func(s *v1alpha1.HandoverSpec) { s.Criteria[0].Description = "another" },
		"a criterion not required":  func(s *v1alpha1.HandoverSpec) { s.Criteria[0].Required = new(false) },
		"descriptions exchanged": func(s *v1alpha1.HandoverSpec) {
			s.Criteria[0].Description, s.Criteria[1].Description = s.Criteria[1].Description, s.Criteria[0].Description
		},
	} {
		changed := large()
		change(changed)
		hash := acceptance.Hash(changed)
		if other, ok := seen[hash]; ok {
			t.Errorf("%s and %s have the same hash", name, other)
		}
		seen[hash] = name
	}
}

// TestHashOfEverySignedField: a field that is new in the spec is signed, or is
// listed here as one that is not.
func TestHashOfEverySignedField(t *testing.T) {
	known := map[string]bool{
		"projectRef": true, "applicationRefs": true, "operationsUnitRef": true, "supportUnitRef": true, "checks": true, "criteria": true,
		"applicationManager": false, "dueOn": false, "stableFor": false, "earlyLifeSupport": false,
	}
	spec := large()
	spec.ApplicationManager, spec.EarlyLifeSupport = &v1alpha1.Person{Name: "somebody"}, &v1alpha1.EarlyLifeSupport{Duration: "1h"}
	data, err := json.Marshal(spec)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for field, signed := range known {
		without := map[string]json.RawMessage{}
		for k, v := range fields {
			if k != field {
				without[k] = v
			}
		}
		data, err := json.Marshal(without)
		if err != nil {
			t.Fatal(err)
		}
		var less v1alpha1.HandoverSpec
		if err := json.Unmarshal(data, &less); err != nil {
			t.Fatal(err)
		}
		if differs := acceptance.Hash(&less) != acceptance.Hash(spec); len(without) == len(fields) || differs != signed {
			t.Errorf("%s makes a difference: %v, want %v", field, differs, signed)
		}
	}
}

// TestHashChangesNothing: what is hashed is only read, and its order is no
// matter whatever it is.
func TestHashChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := specs(t)
		before := spec.DeepCopy()
		hash := acceptance.Hash(spec)
		shuffled := spec.DeepCopy()
		shuffled.ApplicationRefs = rapid.Permutation(shuffled.ApplicationRefs).Draw(t, "Applications")
		if len(shuffled.Checks) > 0 { // an empty list is not an absent one
			shuffled.Checks = rapid.Permutation(shuffled.Checks).Draw(t, "checks")
		}
		shuffled.Criteria = rapid.Permutation(shuffled.Criteria).Draw(t, "criteria")
		if acceptance.Hash(shuffled) != hash {
			t.Fatalf("the order makes a difference:\n%+v\n%+v", spec, shuffled)
		}
		if acceptance.Hash(before) != hash || !slices.Equal(before.ApplicationRefs, spec.ApplicationRefs) || !slices.Equal(before.Checks, spec.Checks) {
			t.Fatalf("hashing changed it:\n%+v\n%+v", before, spec)
		}
	})
}
