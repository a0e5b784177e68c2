// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Paths of what is attacked.
const (
	groupPath      = "/apis/kdz.mainz.de/v1alpha1"
	appsPath       = groupPath + "/namespaces/" + attemptsNamespace + "/applications"
	exemptionsPath = groupPath + "/namespaces/" + attemptsNamespace + "/exemptions"
	recordsPath    = groupPath + "/namespaces/" + attemptsNamespace + "/availabilityrecords"
	unitsPath      = groupPath + "/organisationalunits"
	policyPath     = groupPath + "/governancepolicies/default"
)

// object is JSON.
type object = map[string]any

// mine is an Application of the attempts' namespace as it is sent.
func mine(name string, edits ...edit) object {
	app := application(attemptsNamespace, name, append([]edit{answeredForBy(unitOffice)}, edits...)...)
	app.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Application"))
	o, err := runtime.DefaultUnstructuredConverter.ToUnstructured(app)
	if err != nil {
		panic(err)
	}
	delete(o, "status")
	meta := o["metadata"].(object)
	delete(meta, "creationTimestamp")
	return o
}

// bearing puts fields into the metadata of an object.
func bearing(o, metadata object) object {
	o = runtime.DeepCopyJSON(o)
	maps.Copy(o["metadata"].(object), metadata)
	return o
}

// post creates an Application, as an ordinary editor.
func post(o any) ask {
	return ask{method: http.MethodPost, path: appsPath, mediaType: asJSONType, body: o, groups: []string{asEditor}}
}

// patchApp changes one by a merge patch of its spec, as an ordinary editor.
func patchApp(name string, spec object) ask {
	return ask{method: http.MethodPatch, path: appsPath + "/" + name, mediaType: mergePatch, body: object{"spec": spec}, groups: []string{asEditor}}
}

// operate is a spec in which the operation changes.
func operate(operation object) object { return object{"operation": operation} }

// becomeDecentral is what makes decentral what the KDZ provides.
var becomeDecentral = operate(object{"provider": "Decentral", "unitRef": nil})

// by is a request of somebody.
func by(group, method, path, mediaType string, body any) ask {
	return ask{method: method, path: path, mediaType: mediaType, body: body, groups: []string{group}}
}

// may gives who asks rights.
func (a ask) may(rights ...right) ask {
	a.rights = append(slices.Clone(a.rights), rights...)
	return a
}

// as has who asks claim to be a user in groups.
func (a ask) as(name string, groups ...string) ask {
	a.pretends = append([]string{name}, groups...)
	return a
}

// at has it asked elsewhere.
func (a ask) at(path string) ask {
	a.path = path
	return a
}

// victims are stored: what is provided by the KDZ, and what the inventory found.
func victims(t *testing.T) {
	t.Helper()
	stored(t, namespaceOf(attemptsNamespace, unitOffice))
	stored(t, namespaceOf(nobodysNamespace, ""))
	createTriers(t)
	yesterday := dayBefore(t, today(t))
	for name, edits := range map[string][]edit{
		"planned":       {},
		"operating":     {in("Operating")},
		"decentral":     {decentral, existing, in("Operating")},
		"to-replace":    {decentral, existing, in("Operating")},
		"overdue":       {decentral, existing, in("PhasingOut"), transition("move", yesterday)},
		"overdue-exam":  {decentral, existing, in("PhasingOut"), review(yesterday, "kdz-16", "amt-10")},
		"retired":       {decentral, existing, in("Retired")},
		"replanned":     {in("Operating")},
		"fading":        {decentral, existing, in("Operating")},
		"moving":        {decentral, existing, in("Operating"), transition("move", dayAfter(t, yesterday, 100))},
		"undetermined":  {undetermined, existing, in("Operating")},
		"bought":        {bought, in("Operating")},
		"bought-fading": {bought, in("Operating")},
		"state":         {state(listedBasis), in("Operating")},
		"expired":       {},
	} {
		app := application(attemptsNamespace, name, append([]edit{answeredForBy(unitOffice)}, edits...)...)
		stored(t, app)
	}
	stored(t, exemption("granted", decidedByAdmin, func(e *v1alpha1.Exemption) { e.Namespace = attemptsNamespace }))
	stored(t, &v1alpha1.AvailabilityRecord{ObjectMeta: metav1.ObjectMeta{Namespace: attemptsNamespace, Name: "operating"}})
	index(t, map[string]string{
		attemptsNamespace + "/expired":   "2026-01-01T00:00:00Z",
		attemptsNamespace + "/expired-2": "2026-01-01T00:00:00Z",
		unitOffice + "/borrowed":         far,
	})
}

// TestAttempts shows for each way around the door that came to mind that it
// leads nowhere, and who is in the way.
func TestAttempts(t *testing.T) {
	victims(t)
	for _, group := range []struct {
		name     string
		attempts []attempt
	}{
		{"create", creations()},
		{"change", changes()},
		{"body", bodies()},
		{"clock", clocks()},
		{"namespace", namespaceAttempts()},
		{"unit", unitAttempts()},
		{"exemption", exemptionAttempts(dayAfter(t, today(t), 1))},
		{"policy", policyAttempts()},
		{"record", recordAttempts()},
		{"role", roleAttempts()},
		{"wildcard", wildcards()},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, a := range group.attempts {
				t.Run(a.name, a.run)
			}
		})
	}
}
