// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// namespaceAttempts are attempts to have a namespace be another unit's.
func namespaceAttempts() []attempt {
	const path, school = "/api/v1/namespaces/" + attemptsNamespace, "amt-40-edu"
	labels := func(unit any) object { return object{"metadata": object{"labels": object{v1alpha1.LabelUnit: unit}}} }
	namespace := func(name string, labels object) object {
		return object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"name": name, "labels": labels}}
	}
	patch := func(where, mediaType string, body any) ask {
		return by(roleWriter, http.MethodPatch, path+where, mediaType, body)
	}
	give, take := byPolicy("namespaces", messageGive(school)), byPolicy("namespaces", messageTake(unitOffice))
	attempts := []attempt{
		{name: "by its admin", ask: by(asAdmin, http.MethodPatch, path, mergePatch, labels(school)), by: byRBAC},
		{name: "by its admin's status", ask: by(asAdmin, http.MethodPatch, path+"/status", mergePatch, labels(school)), by: byRBAC},
		{name: "by its admin's end of it", ask: by(asAdmin, http.MethodPut, path+"/finalize", asJSONType, namespace(attemptsNamespace, object{v1alpha1.LabelUnit: school})), by: byRBAC},
		{name: "deleted by its admin, to be made anew", ask: by(asAdmin, http.MethodDelete, path, asJSONType, nil), by: byRBAC},
		{name: "at its end", ask: by(roleWriter, http.MethodPut, path+"/finalize", asJSONType, namespace(attemptsNamespace, object{v1alpha1.LabelUnit: school})), by: give},
		{name: "of no unit given to one", ask: patch("", mergePatch, labels(school)).at("/api/v1/namespaces/" + nobodysNamespace), by: give},
		{name: "made", ask: by(roleWriter, http.MethodPost, "/api/v1/namespaces", asJSONType, namespace("mine", object{v1alpha1.LabelUnit: school})), by: give},
		{name: "made under a generated name", ask: by(roleWriter, http.MethodPost, "/api/v1/namespaces", asJSONType, object{"apiVersion": "v1", "kind": "Namespace", "metadata": object{"generateName": "mine-", "labels": object{v1alpha1.LabelUnit: school}}}), by: give},
		{name: "applied as a new one", ask: by(roleWriter, http.MethodPatch, "/api/v1/namespaces/mine?fieldManager=mine&force=true", appliedPatch, namespace("mine", object{v1alpha1.LabelUnit: school})), by: give},
		{name: "label in upper case", ask: patch("", mergePatch, object{"metadata": object{"labels": object{"KDZ.mainz.de/unit": school}}}), by: byServer(http.StatusUnprocessableEntity, "metadata.labels")},
	}
	for _, where := range []string{"", "/status"} {
		attempts = append(
			attempts,
			attempt{name: "merge patch" + where, ask: patch(where, mergePatch, labels(school)), by: give},
			attempt{name: "merge patch takes" + where, ask: patch(where, mergePatch, labels(nil)), by: take},
			attempt{name: "merge patch empties" + where, ask: patch(where, mergePatch, labels("")), by: take},
			attempt{name: "strategic merge patch" + where, ask: patch(where, strategic, labels(school)), by: give},
			attempt{name: "strategic merge patch takes all labels" + where, ask: patch(where, strategic, object{"metadata": object{"labels": object{"$patch": "replace"}}}), by: take},
			attempt{name: "JSON patch" + where, ask: patch(where, jsonPatch, []object{{"op": "replace", "path": "/metadata/labels/kdz.mainz.de~1unit", "value": school}}), by: give},
			attempt{name: "JSON patch takes all labels" + where, ask: patch(where, jsonPatch, []object{{"op": "remove", "path": "/metadata/labels"}}), by: take},
			attempt{name: "apply" + where, ask: patch(where+"?fieldManager=mine&force=true", appliedPatch, namespace(attemptsNamespace, object{v1alpha1.LabelUnit: school})), by: give},
		)
	}
	return attempts
}

// unitAttempts are attempts to have a unit be treated otherwise.
func unitAttempts() []attempt {
	const path = unitsPath + "/" + unitOffice
	patch := func(mediaType string, body any) ask { return by(roleWriter, http.MethodPatch, path, mediaType, body) }
	refuse := func(does, unit string) func(error) error {
		return byPolicy("organisationalunits", messageUnit(does, unit))
	}
	const change = "change spec.type or spec.parentRef of"
	school := object{"spec": object{"type": "Education"}}
	unit := object{"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "OrganisationalUnit", "metadata": object{"name": "mine"}, "spec": object{
		"number": "99", "displayName": object{"de": "Amt"}, "type": "Education", "parentRef": object{"name": "kdz-16"},
	}}
	return []attempt{
		{name: "by an editor", ask: by(asEditor, http.MethodPatch, path, mergePatch, school), by: byRBAC},
		{name: "by an admin", ask: by(asAdmin, http.MethodPatch, path, mergePatch, school), by: byRBAC},
		{name: "type", ask: patch(mergePatch, school), by: refuse(change, unitOffice)},
		{name: "type by JSON patch", ask: patch(jsonPatch, []object{{"op": "replace", "path": "/spec/type", "value": "ThirdParty"}}), by: refuse(change, unitOffice)},
		{name: "type, applied", ask: by(roleWriter, http.MethodPatch, path+"?fieldManager=mine&force=true", appliedPatch, object{
			"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "OrganisationalUnit", "metadata": object{"name": unitOffice}, "spec": object{"type": "Education"},
		}), by: refuse(change, unitOffice)},
		{name: "below the KDZ", ask: patch(mergePatch, object{"spec": object{"parentRef": object{"name": "kdz-16"}}}), by: refuse(change, unitOffice)},
		{name: "below the KDZ, with the right to another", ask: patch(mergePatch, object{"spec": object{"parentRef": object{"name": "kdz-16"}}}).may(mayAssign("kdz-16")), by: refuse(change, unitOffice)},
		{name: "below nothing", ask: patch(mergePatch, object{"spec": object{"parentRef": nil}}).at(unitsPath + "/" + unitWeb), by: refuse(change, unitWeb)},
		{name: "made", ask: by(roleWriter, http.MethodPost, unitsPath, asJSONType, unit), by: refuse("create", "mine")},
		{name: "deleted", ask: by(roleWriter, http.MethodDelete, path, asJSONType, nil), by: refuse("delete", unitOffice)},
		{name: "all deleted", ask: by(roleWriter, http.MethodDelete, unitsPath, asJSONType, nil), by: refuse("delete", "amt-10")},
		{name: "type by the status", ask: by(roleWriter, http.MethodPatch, path+"/status", mergePatch, school), by: byPolicy("status", messageStatus)},
		{name: "type by the status, as the operator", ask: by(roleWriter, http.MethodPatch, path+"/status", mergePatch, school).may(operator), by: inVain},
	}
}

// granting is an Exemption as it is sent, decided by whom the round entrusts.
func granting(name string, edits ...func(*v1alpha1.Exemption)) object {
	e := exemption(name, append([]func(*v1alpha1.Exemption){func(e *v1alpha1.Exemption) {
		e.Namespace, e.Spec.Decision.DecidedBy = attemptsNamespace, "mallory@example.org"
	}}, edits...)...)
	e.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Exemption"))
	o, err := runtime.DefaultUnstructuredConverter.ToUnstructured(e)
	if err != nil {
		panic(err)
	}
	delete(o, "status")
	delete(o["metadata"].(object), "creationTimestamp")
	return o
}

// exemptionAttempts are attempts to be exempt.
func exemptionAttempts(tomorrow string) []attempt {
	const path = exemptionsPath + "/granted"
	grant := func(o any) ask { return by(roleWriter, http.MethodPost, exemptionsPath, asJSONType, o) }
	says := func(does string) func(error) error {
		return byPolicy("exemptions", messageExemption(does, attemptsNamespace))
	}
	decided := func(day string) func(*v1alpha1.Exemption) {
		return func(e *v1alpha1.Exemption) { e.Spec.Decision.DecidedOn = v1alpha1.Date(day) }
	}
	day := strings.Replace(messageDecidedLater("|"), "it is |", "it is ", 1)
	later := func(err error) error {
		// Around midnight the test and the server may see different days.
		if err == nil || !strings.Contains(err.Error(), day[:strings.Index(day, " in Europe")]) {
			return orNothing(err)
		}
		return nil
	}
	const to = "2097-01-01T00:00:00Z"
	elsewhere := granting("elsewhere")
	elsewhere["spec"].(object)["applicationRef"].(object)["namespace"] = unitOffice
	return []attempt{
		{name: "by an editor", ask: by(asEditor, http.MethodPost, exemptionsPath, asJSONType, granting("new")), by: says("grant")},
		{name: "by an admin", ask: by(asAdmin, http.MethodPost, exemptionsPath, asJSONType, granting("new")), by: says("grant")},
		{name: "by whom a role lets", ask: grant(granting("new")), by: says("grant")},
		{name: "with the right elsewhere", ask: grant(granting("new")).may(mayGrant + "@amt-12"), by: says("grant")},
		{name: "applied", ask: by(roleWriter, http.MethodPatch, exemptionsPath+"/new?fieldManager=mine", appliedPatch, granting("new")), by: says("grant")},
		{name: "in another's name", ask: grant(granting("new", func(e *v1alpha1.Exemption) { e.Spec.Decision.DecidedBy = "chair@example.org" })).may(mayGrant), by: byPolicy("exemptions", messageOwnName("mallory@example.org"))},
		{name: "in one's name in upper case", ask: grant(granting("new", func(e *v1alpha1.Exemption) { e.Spec.Decision.DecidedBy = "Mallory@example.org" })).may(mayGrant), by: byPolicy("exemptions", messageOwnName("mallory@example.org"))},
		{name: "in a namespace of no unit", ask: grant(granting("new", func(e *v1alpha1.Exemption) { e.Namespace = nobodysNamespace })).at(groupPath + "/namespaces/" + nobodysNamespace + "/exemptions").may(mayGrant), by: byPolicy("exemptions", messageNoUnit(nobodysNamespace))},
		{name: "that has ended", ask: grant(granting("new", func(e *v1alpha1.Exemption) { e.Spec.ExpiresOn = "2026-11-01" })).may(mayGrant), by: func(err error) error {
			if err == nil || !strings.Contains(err.Error(), "spec.expiresOn is over") {
				return orNothing(err)
			}
			return nil
		}},
		{name: "without an end", ask: grant(granting("new", func(e *v1alpha1.Exemption) { e.Spec.ExpiresOn = "" })).may(mayGrant), by: byServer(http.StatusUnprocessableEntity, "spec.expiresOn")},
		{name: "that was refused", ask: grant(granting("new", func(e *v1alpha1.Exemption) { e.Spec.Decision.Outcome = "Rejected" })).may(mayGrant), by: byServer(http.StatusUnprocessableEntity, "decision.outcome must be Approved")},
		{name: "decided tomorrow", ask: grant(granting("new", decided(tomorrow))).may(mayGrant), by: later},
		{name: "decided in years, by a later stamp", ask: grant(bearing(granting("new", decided("2096-01-01")), object{"managedFields": []object{stamp(to)}})).may(mayGrant), by: later},
		{name: "decided in years, by a later creation", ask: grant(bearing(granting("new", decided("2096-01-01")), object{"creationTimestamp": to})).may(mayGrant), by: later},
		{name: "for another namespace", steps: []ask{grant(elsewhere).at(exemptionsPath + "?fieldValidation=Ignore").may(mayGrant)}, ask: post(bearing(mine("elsewhere", decentral), object{})), by: byDoor(messageDecentral)},
		{name: "for another namespace, strictly", ask: grant(elsewhere).at(exemptionsPath + "?fieldValidation=Strict").may(mayGrant), by: byServer(http.StatusBadRequest, `unknown field "spec.applicationRef.namespace"`)},
		{name: "made longer", ask: by(roleWriter, http.MethodPatch, path, mergePatch, object{"spec": object{"expiresOn": "2099-12-31"}}), by: byServer(http.StatusUnprocessableEntity, "an exemption is never changed")},
		{name: "made longer by whom may grant", ask: by(roleWriter, http.MethodPatch, path, mergePatch, object{"spec": object{"expiresOn": "2099-12-31"}}).may(mayGrant), by: byServer(http.StatusUnprocessableEntity, "an exemption is never changed")},
		{name: "for another name", ask: by(roleWriter, http.MethodPatch, path, jsonPatch, []object{{"op": "replace", "path": "/spec/applicationRef/name", "value": "operating"}}).may(mayGrant), by: byServer(http.StatusUnprocessableEntity, "an exemption is never changed")},
		{name: "labelled", ask: by(roleWriter, http.MethodPatch, path, mergePatch, object{"metadata": object{"labels": object{"a": "b"}}}), by: says("change")},
		{name: "owned by what goes", ask: by(roleWriter, http.MethodPatch, path, mergePatch, object{"metadata": object{"ownerReferences": []object{{"apiVersion": "v1", "kind": "ConfigMap", "name": "a", "uid": "1"}}}}), by: says("change")},
		{name: "withdrawn, to be made anew", ask: by(roleWriter, http.MethodDelete, path, asJSONType, nil), by: says("withdraw")},
		{name: "withdrawn by an editor", ask: by(asEditor, http.MethodDelete, path, asJSONType, nil), by: byRBAC},
		{name: "all withdrawn", ask: by(roleWriter, http.MethodDelete, exemptionsPath, asJSONType, nil), by: says("withdraw")},
		{name: "its state", ask: by(roleWriter, http.MethodPatch, path+"/status", mergePatch, object{"status": object{"state": "Active"}}), by: byPolicy("status", messageStatus)},
	}
}
