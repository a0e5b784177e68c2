// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/http"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// creations are attempts to have a new Application what it may not be.
func creations() []attempt {
	const far = "2027-01-31"
	return []attempt{
		{name: "decentral", ask: post(mine("new", decentral)), by: byDoor(messageDecentral)},
		{name: "decentral and retired, to be revived", ask: post(mine("new", decentral, in("Retired"))), by: byDoor(messageDecentral)},
		{name: "decentral and phasing out", ask: post(mine("new", decentral, in("PhasingOut"))), by: byDoor(messageDecentral)},
		{name: "under a generated name", ask: post(bearing(mine("new", decentral), object{"name": nil, "generateName": "expired-"})), by: byDoor(messageDecentral)},
		{name: "under the name of an exempt one elsewhere", ask: post(mine("borrowed", decentral)), by: byDoor(messageDecentral)},
		{name: "under a name whose exemption has expired", ask: post(mine("expired-2", decentral)), by: byDoor(messageDecentral)},
		{name: "under a name with the exempt namespace in it", ask: post(mine("amt-33.borrowed", decentral)), by: byDoor(messageDecentral)},
		{name: "decentral with a plan", ask: post(mine("new", decentral, transition("move", far))), by: byDoor(messageTransition)},
		{name: "decentral under review", ask: post(mine("new", decentral, review(far, "kdz-16"))), by: byDoor(messageReview)},
		{name: "undetermined", ask: post(mine("new", undetermined)), by: byDoor(messageUndetermined)},
		{name: "found by the inventory, as it says", ask: post(mine("new", existing)), by: byDoor(messageExisting)},
		{name: "bought by the unit", ask: post(mine("new", bought)), by: byDoor(messageProcured)},
		{name: "of the state", ask: post(mine("new", state(listedBasis))), by: byDoor(messageStateService)},
		{name: "of the state by another law", ask: post(mine("new", state("GG"))), by: byDoor(messageLegalBasis("GG"))},
		{name: "of the state by a law of two lines", ask: post(mine("new", state("GG\nor not"))), by: byPolicyAtAll},
		{name: "of the KDZ that the unit calls itself", ask: post(mine("new", operatedBy(unitOffice))), by: byDoor(messageNotKDZ(unitOffice))},
		{name: "of a unit of the KDZ that there is not", ask: post(mine("new", operatedBy("kdz-16-99"))), by: byDoor(messageNotKDZ("kdz-16-99"))},
		{name: "operated by the KDZ, which was not asked", ask: post(mine("new", in("Operating"))), by: byDoor(messageOperate(unitWeb, "unitRef"))},
		{name: "of an exempt unit", ask: post(mine("new", decentral, answeredForBy("amt-40-edu"))), by: byDoor(messageOtherUnit(attemptsNamespace, unitOffice, "amt-40-edu"))},
		{name: "in a namespace of no unit", ask: post(bearing(mine("new", decentral), object{"namespace": nobodysNamespace})).at(groupPath + "/namespaces/" + nobodysNamespace + "/applications"), by: byDoor(messageNoUnit(nobodysNamespace))},
		{name: "in a namespace of an exempt unit", ask: post(bearing(mine("new", decentral), object{"namespace": schoolsNamespace})).at(groupPath + "/namespaces/" + schoolsNamespace + "/applications"), by: byRBAC},
		{name: "by server-side apply", ask: by(asEditor, http.MethodPatch, appsPath+"/new?fieldManager=mine&force=true", appliedPatch, mine("new", decentral)), by: byDoor(messageDecentral)},
		{name: "by replacing what there is not", ask: by(asEditor, http.MethodPut, appsPath+"/new", asJSONType, mine("new", decentral)), by: byServer(http.StatusNotFound, "not found")},
		{name: "by patching what there is not", ask: patchApp("new", mine("new", decentral)["spec"].(object)), by: byServer(http.StatusNotFound, "not found")},
		{name: "as YAML", ask: by(asEditor, http.MethodPost, appsPath, asYAML, asJSON(mine("new", decentral))), by: byDoor(messageDecentral)},
		{name: "as if, with dry run", ask: post(mine("new", decentral)).at(appsPath + "?dryRun=All"), by: byDoor(messageDecentral)},
		{name: "anew, having been deleted", steps: []ask{by(asEditor, http.MethodDelete, appsPath+"/to-replace", asJSONType, nil)}, ask: post(mine("to-replace", decentral, in("Operating"))), by: byDoor(messageDecentral)},
		{name: "anew and found by the inventory", ask: post(mine("to-replace", decentral, existing)), by: byDoor(messageExisting)},
		{name: "with a finalizer, an owner and annotations", ask: post(bearing(mine("new", decentral), object{
			"finalizers":      []string{"example.org/keep"},
			"ownerReferences": []object{{"apiVersion": "v1", "kind": "Namespace", "name": schoolsNamespace, "uid": "1"}},
			"annotations":     object{"kdz.mainz.de/exempt": "true", "kdz.mainz.de/example": "spec"},
			"labels":          object{v1alpha1.LabelUnit: "amt-40-edu"},
		})), by: byDoor(messageDecentral)},
	}
}

// changes are attempts to have an Application become what it may not be.
func changes() []attempt {
	own := func(name string, edits ...edit) []ask { return []ask{post(mine(name, edits...))} }
	lifecycle := func(l v1alpha1.Lifecycle) object { return object{"lifecycle": l} }
	return []attempt{
		{name: "decentral", ask: patchApp("operating", becomeDecentral), by: byDoor(messageDecentral)},
		{name: "decentral while planned", ask: patchApp("planned", becomeDecentral), by: byDoor(messageDecentral)},
		{name: "decentral by its unit", ask: patchApp("operating", operate(object{"provider": "Decentral", "unitRef": object{"name": unitOffice}})), by: byDoor(messageDecentral)},
		{name: "decentral when it was undetermined", ask: patchApp("undetermined", operate(object{"provider": "Decentral"})), by: byDoor(messageDecentral)},
		{name: "decentral by JSON patch", ask: by(asEditor, http.MethodPatch, appsPath+"/operating", jsonPatch, []object{{"op": "replace", "path": "/spec/operation", "value": object{"provider": "Decentral"}}}), by: byDoor(messageDecentral)},
		{name: "decentral by another field manager's force", ask: by(asEditor, http.MethodPatch, appsPath+"/operating?fieldManager=mine&force=true", appliedPatch, mine("operating", decentral, in("Operating"))), by: byDoor(messageDecentral)},
		{name: "decentral by the administrator's field manager", ask: by(asEditor, http.MethodPatch, appsPath+"/operating?fieldManager=administrator&force=true", appliedPatch, mine("operating", decentral, in("Operating"))), by: byDoor(messageDecentral)},
		{name: "undetermined", ask: patchApp("operating", operate(object{"provider": "Undetermined"})), by: byDoor(messageUndetermined)},
		{name: "operating, planned with the KDZ before", ask: patchApp("planned", lifecycle("Operating")), by: byDoor(messageOperate(unitWeb, "unitRef"))},
		{name: "phasing out, planned before", ask: patchApp("planned", lifecycle("PhasingOut")), by: byDoor(messageOperate(unitWeb, "unitRef"))},
		{name: "retired, planned before", ask: patchApp("planned", lifecycle("Retired")), by: byDoor(messageOperate(unitWeb, "unitRef"))},
		{name: "operating, as planned by oneself", steps: own("two-steps", operatedBy("kdz-16-02-01")), ask: patchApp("two-steps", lifecycle("Operating")), by: byDoor(messageOperate("kdz-16-02-01", "unitRef"))},
		{
			name:  "operated by others, having been planned again",
			steps: []ask{patchApp("replanned", lifecycle("Planned")), patchApp("replanned", operate(object{"unitRef": object{"name": "kdz-16-02-01"}}))},
			ask:   patchApp("replanned", lifecycle("Operating")), by: byDoor(messageOperate("kdz-16-02-01", "unitRef")),
		},
		{name: "supported by the KDZ, as planned by oneself", steps: own("supported", supportedBy("kdz-16-02-01")), ask: patchApp("supported", lifecycle("Operating")).may(mayOperateWeb), by: byDoor(messageOperate("kdz-16-02-01", "supportUnitRef"))},
		{name: "supported by the KDZ", ask: patchApp("state", operate(object{"supportUnitRef": object{"name": unitWeb}})), by: byDoor(messageOperate(unitWeb, "supportUnitRef"))},
		{name: "operated by another unit of the KDZ", ask: patchApp("bought", operate(object{"unitRef": object{"name": "kdz-16-02-01"}})), by: byDoor(messageOperate("kdz-16-02-01", "unitRef"))},
		{name: "operated by an office, as the KDZ", ask: patchApp("bought", operate(object{"unitRef": object{"name": "amt-12"}})), by: byDoor(messageNotKDZ("amt-12"))},
		{name: "operating again", ask: patchApp("retired", lifecycle("Operating")), by: byDoor(messageDecentral)},
		{name: "planned again", ask: patchApp("retired", lifecycle("Planned")), by: byDoor(messageDecentral)},
		{name: "operating again in two steps", steps: []ask{patchApp("fading", lifecycle("PhasingOut"))}, ask: patchApp("fading", lifecycle("Operating")), by: byDoor(messageDecentral)},
		{name: "operating again though its plan is overdue", ask: patchApp("overdue", lifecycle("Operating")), by: byDoor(messageDecentral)},
		{name: "operating again though its review is overdue", ask: patchApp("overdue-exam", lifecycle("Operating")), by: byDoor(messageDecentral)},
		{name: "bought by the unit", ask: patchApp("planned", operate(object{"procuredThrough": "Unit"})), by: byDoor(messageProcured)},
		{name: "bought by the unit, and operating again", steps: []ask{patchApp("bought-fading", lifecycle("PhasingOut"))}, ask: patchApp("bought-fading", lifecycle("Operating")), by: byDoor(messageProcured)},
		{name: "planned to move", ask: patchApp("decentral", operate(object{"transition": object{"projectRef": object{"name": "move"}, "dueOn": "2027-01-31"}})), by: byDoor(messageTransition)},
		{name: "given more time to move", ask: patchApp("overdue", operate(object{"transition": object{"dueOn": "2098-01-31"}})), by: byDoor(messageTransition)},
		{name: "moved by another project", ask: patchApp("overdue", operate(object{"transition": object{"projectRef": object{"name": "never"}}})), by: byDoor(messageTransition)},
		{name: "moved by a project elsewhere", ask: patchApp("moving", operate(object{"transition": object{"projectRef": object{"namespace": "amt-10"}}})), by: byDoor(messageTransition)},
		{
			name:  "given the time back that it gave up",
			steps: []ask{patchApp("moving", operate(object{"transition": object{"dueOn": "2026-12-01"}}))},
			ask:   patchApp("moving", operate(object{"transition": object{"dueOn": "2026-12-02"}})), by: byDoor(messageTransition),
		},
		{name: "given a plan longer than any", ask: patchApp("overdue", operate(object{"transition": object{"dueOn": "2098-01-31"}})).may(mayTransition), by: byDoor(messageTransitionShort)},
		{name: "under review", ask: patchApp("decentral", operate(object{"review": object{"reviewers": []string{"amt-10"}, "dueOn": "2027-01-31"}})), by: byDoor(messageReview)},
		{name: "under review for longer", ask: patchApp("overdue-exam", operate(object{"review": object{"dueOn": "2027-01-31"}})), by: byDoor(messageReview)},
		{name: "reviewed by itself", ask: patchApp("overdue-exam", operate(object{"review": object{"reviewers": []string{unitOffice}}})), by: byDoor(messageReview)},
		{name: "reviewed by fewer", ask: patchApp("overdue-exam", operate(object{"review": object{"reviewers": []string{"amt-10"}}})), by: byDoor(messageReview)},
		{name: "of the state by another listed law", ask: patchApp("state", operate(object{"legalBasis": legalBases[1]})), by: byDoor(messageStateService)},
		{name: "of the state by another law", ask: patchApp("state", operate(object{"legalBasis": "GG"})), by: byDoor(messageLegalBasis("GG"))},
		{name: "the state's", ask: patchApp("decentral", operate(object{"provider": "State", "legalBasis": listedBasis})), by: byDoor(messageStateService)},
		{name: "an exempt unit's", ask: patchApp("decentral", object{"responsible": object{"unitRef": object{"name": "amt-40-edu"}}}), by: byDoor(messageOtherUnit(attemptsNamespace, unitOffice, "amt-40-edu"))},
		{name: "the inventory's", ask: patchApp("planned", object{"origin": "Existing"}), by: byServer(http.StatusUnprocessableEntity, "origin is immutable")},
		{name: "a project's, without its handover", ask: patchApp("decentral", object{"origin": "Project"}), by: byServer(http.StatusUnprocessableEntity, "origin is immutable")},
	}
}
