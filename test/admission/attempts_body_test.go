// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"net/http"
	"strings"
)

// bodies are attempts by the way in which something is said.
func bodies() []attempt {
	const ignore = "?fieldValidation=Ignore"
	const invalid = http.StatusUnprocessableEntity
	spec := func(o object) object { return o["spec"].(object) }
	twice := strings.Replace(asJSON(mine("new")), `"provider":"KDZ"`, `"provider":"KDZ","provider":"Decentral"`, 1)
	upper := mine("upper")
	spec(upper)["operation"].(object)["Provider"] = "Decentral"
	onlyUpper := mine("new", decentral)
	spec(onlyUpper)["operation"] = object{"Provider": "Decentral"}
	plural := mine("new")
	spec(plural)["operation"] = object{"providers": []string{"Decentral"}}
	lower := mine("new")
	spec(lower)["operation"] = object{"provider": "decentral"}
	other := mine("new", decentral)
	other["apiVersion"] = "kdz.mainz.de/v1"
	blessed := bearing(mine("planned"), object{})
	blessed["status"] = object{"centralisation": "Exempt", "operationalState": "Operational"}
	status := object{"status": object{"centralisation": "Exempt"}, "spec": becomeDecentral}
	remove := func(paths ...string) []object {
		var ops []object
		for _, path := range paths {
			ops = append(ops, object{"op": "remove", "path": "/spec/operation" + path})
		}
		return ops
	}
	toOperating := func(mediaType string, body any) ask {
		return by(asEditor, http.MethodPatch, appsPath+"/operating"+ignore, mediaType, body)
	}
	return []attempt{
		{name: "the provider twice", ask: post(twice).at(appsPath + ignore), by: byDoor(messageDecentral)},
		{name: "the provider in upper case beside it", steps: []ask{post(upper).at(appsPath + ignore)}, ask: patchApp("upper", operate(object{"Provider": "Decentral"})).at(appsPath + "/upper" + ignore), by: inVain},
		{name: "the provider in upper case", ask: post(onlyUpper).at(appsPath + ignore), by: byServer(invalid, "spec.operation.provider: Required value")},
		{name: "another field", ask: post(plural).at(appsPath + ignore), by: byServer(invalid, "spec.operation.provider: Required value")},
		{name: "another field, strictly", ask: post(plural).at(appsPath + "?fieldValidation=Strict"), by: byServer(http.StatusBadRequest, `unknown field "spec.operation.providers"`)},
		{name: "the provider spelt otherwise", ask: post(lower), by: byServer(invalid, "spec.operation.provider: Unsupported value")},
		{name: "another stage of life", ask: patchApp("retired", object{"lifecycle": "Zombie"}), by: byServer(invalid, "spec.lifecycle: Unsupported value")},
		{name: "another version in the body", ask: post(other), by: byServer(http.StatusBadRequest, "does not match")},
		{name: "another version in the path", ask: post(other).at(strings.Replace(appsPath, "v1alpha1", "v1", 1)), by: byServer(http.StatusNotFound, "")},
		{name: "another namespace in the body", ask: post(bearing(mine("new", decentral), object{"namespace": schoolsNamespace})), by: byServer(http.StatusBadRequest, "namespace")},
		{name: "another name in the body", ask: by(asEditor, http.MethodPut, appsPath+"/operating", asJSONType, mine("decentral", decentral)), by: byServer(http.StatusBadRequest, "name")},
		{name: "a name in upper case", ask: post(mine("Borrowed", decentral)), by: byServer(invalid, "metadata.name")},
		{name: "a name with a path in it", ask: post(mine("../amt-33/borrowed", decentral)), by: byServer(invalid, "metadata.name")},
		{name: "a list of them", ask: post(object{"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "ApplicationList", "items": []object{mine("new", decentral)}}), by: byServer(invalid, "kind: Invalid value")},
		{name: "the operation null", ask: toOperating(mergePatch, object{"spec": object{"operation": nil}}), by: byServer(invalid, "spec.operation: Required value")},
		{name: "the provider null", ask: toOperating(mergePatch, object{"spec": operate(object{"provider": nil})}), by: byServer(invalid, "spec.operation.provider: Required value")},
		{name: "the operation removed", ask: toOperating(jsonPatch, remove("")), by: byServer(invalid, "spec.operation: Required value")},
		{name: "the provider removed", ask: toOperating(jsonPatch, remove("/provider")), by: byServer(invalid, "spec.operation.provider: Required value")},
		{name: "the unit removed", ask: toOperating(jsonPatch, remove("/unitRef")), by: byServer(invalid, "unitRef is required when provider is KDZ")},
		{name: "the provider null in a new one", ask: post(strings.Replace(asJSON(mine("new")), `"provider":"KDZ"`, `"provider":null`, 1)), by: byServer(invalid, "spec.operation.provider")},
		{name: "the unit null in a new one", ask: post(strings.Replace(asJSON(mine("new")), `"unitRef":{"name":"`+unitWeb+`"}`, `"unitRef":null`, 1)), by: byServer(invalid, "spec.operation")},
		{name: "a strategic merge patch", ask: toOperating(strategic, object{"spec": becomeDecentral}), by: byServer(http.StatusUnsupportedMediaType, "")},
		{name: "applied without the provider", steps: []ask{by(asEditor, http.MethodPatch, appsPath+"/applied?fieldManager=mine", appliedPatch, mine("applied"))}, ask: by(asEditor, http.MethodPatch, appsPath+"/applied?fieldManager=mine", appliedPatch, object{"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "Application", "metadata": object{"name": "applied"}, "spec": object{}}), by: byServer(invalid, "spec: Invalid value")},
		{name: "a status in the body", ask: by(asEditor, http.MethodPatch, appsPath+"/planned", mergePatch, blessed), by: inVain},
		{name: "a status in the body, and decentral", ask: by(asEditor, http.MethodPatch, appsPath+"/planned", mergePatch, status), by: byDoor(messageDecentral)},
		{name: "a status, by an editor", ask: by(asEditor, http.MethodPatch, appsPath+"/planned/status", mergePatch, status), by: byRBAC},
		{name: "a status, replaced by an editor", ask: by(asEditor, http.MethodPut, appsPath+"/planned/status", asJSONType, blessed), by: byRBAC},
		{name: "a status, by whom a role lets", ask: by(roleWriter, http.MethodPatch, appsPath+"/planned/status", mergePatch, status), by: byPolicy("status", messageStatus)},
		{name: "a status by JSON patch", ask: by(roleWriter, http.MethodPatch, appsPath+"/planned/status", jsonPatch, []object{{"op": "add", "path": "/status", "value": object{"centralisation": "Exempt"}}}), by: byPolicy("status", messageStatus)},
		{name: "a status by server-side apply", ask: by(roleWriter, http.MethodPatch, appsPath+"/planned/status?fieldManager=mine&force=true", appliedPatch, object{"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "Application", "metadata": object{"name": "planned"}, "status": object{"centralisation": "Exempt"}}), by: byPolicy("status", messageStatus)},
		{name: "a spec by the status, as the operator", ask: by(roleWriter, http.MethodPatch, appsPath+"/planned/status", mergePatch, object{"spec": becomeDecentral}).may(operator), by: inVain},
		{name: "a right as if it were an object", ask: by(asWildcard, http.MethodPost, appsPath+"/planned/inventory", asJSONType, object{}), by: byRBAC},
		{name: "all deleted at once", ask: by(asEditor, http.MethodDelete, appsPath, asJSONType, nil), by: byRBAC},
	}
}

// clocks are attempts to have the server take another moment for now.
func clocks() []attempt {
	long := mine("new", decentral, transition("move", "2098-01-31"))
	entry := func(version, at string) object {
		o := stamp(at)
		o["apiVersion"] = version
		return o
	}
	const ours = "kdz.mainz.de/v1alpha1"
	older := entry(ours, "2020-01-01T00:00:00Z")
	// As many as the server keeps, so that its own is put together with others.
	var crowd []object
	for i := range 12 {
		o := entry(ours, "2097-01-01T00:00:00Z")
		o["manager"] = fmt.Sprint("forger-", i)
		crowd = append(crowd, o)
	}
	var all []attempt
	for name, fields := range map[string]any{
		"emptied": []object{}, "reset": []object{{}}, "older": []object{older}, "newer": []object{entry(ours, "2999-01-01T00:00:00Z")},
		"of a version that there is not": []object{entry("kdz.mainz.de/v9", "2020-01-01T00:00:00Z")},
		"of no version":                  []object{entry("a/b/c", "2020-01-01T00:00:00Z")},
		"of another group":               []object{entry("apps/v1", "2020-01-01T00:00:00Z")},
		"of the status":                  []object{{"manager": "forger", "operation": "Update", "subresource": "status", "apiVersion": ours, "time": "2020-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": object{}}},
		"a crowd":                        crowd,
	} {
		forged := object{"managedFields": fields}
		patch := func(name string, spec object) ask {
			a := patchApp(name, spec)
			a.body = object{"spec": spec, "metadata": forged}
			return a
		}
		all = append(all,
			attempt{name: "stamps " + name + ", in a new one", ask: post(bearing(mine("expired-2", decentral), forged)), by: byDoor(messageDecentral)},
			attempt{name: "stamps " + name + ", in one that is changed", ask: patch("expired", becomeDecentral), by: byDoor(messageDecentral)},
			attempt{name: "stamps " + name + ", in one that is overdue", ask: patch("overdue", object{"lifecycle": "Operating"}), by: byDoor(messageDecentral)},
			attempt{name: "stamps " + name + ", for a longer plan", ask: post(bearing(long, forged)).may(mayTransition), by: byDoor(messageTransitionShort)},
		)
	}
	extend := patchApp("overdue", nil).may(mayTransition)
	extend.body = object{
		"spec":     operate(object{"transition": object{"dueOn": "2098-01-31"}}),
		"metadata": object{"managedFields": []object{entry(ours, "2097-01-01T00:00:00Z")}},
	}
	return append(all,
		attempt{name: "a later stamp to extend a plan", ask: extend, by: byDoor(messageTransitionShort)},
		attempt{name: "a creation long ago", ask: post(bearing(mine("expired-2", decentral), object{"creationTimestamp": "2020-01-01T00:00:00Z"})), by: byDoor(messageDecentral)},
		attempt{name: "a creation to come", ask: post(bearing(long, object{"creationTimestamp": "2097-01-01T00:00:00Z"})).may(mayTransition), by: byDoor(messageTransitionShort)},
		attempt{name: "a creation long ago, applied", ask: by(asEditor, http.MethodPatch, appsPath+"/expired-2?fieldManager=mine", appliedPatch, bearing(mine("expired-2", decentral), object{"creationTimestamp": "2020-01-01T00:00:00Z"})), by: byDoor(messageDecentral)},
	)
}
