// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net/http"
	"strings"
)

// policyAttempts are attempts on the rule itself.
func policyAttempts() []attempt {
	const policiesPath = groupPath + "/governancepolicies"
	index := object{"status": object{"exemptionIndex": object{attemptsNamespace + "/operating": far}}}
	kept := byPolicy("governancepolicies", messagePolicyKept)
	named := func(name string) object {
		return object{"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "GovernancePolicy", "metadata": object{"name": name}, "spec": object{
			"centralisation": object{"enforcement": "Audit", "providerUnitRef": object{"name": unitOffice}},
		}}
	}
	status := named("default")
	status["status"] = index["status"]
	delete(status, "spec")
	const vap = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/applications.kdz.mainz.de"
	binding := strings.Replace(vap, "policies/", "policybindings/", 1)
	open := object{"spec": object{"validationActions": []string{"Audit"}}}
	return []attempt{
		{name: "softened by an editor", ask: by(asEditor, http.MethodPatch, policyPath, mergePatch, object{"spec": object{"centralisation": object{"enforcement": "Audit"}}}), by: byRBAC},
		{name: "softened by an admin", ask: by(asAdmin, http.MethodPatch, policyPath, mergePatch, object{"spec": object{"centralisation": object{"enforcement": "Audit"}}}), by: byRBAC},
		{name: "deleted", ask: by(roleWriter, http.MethodDelete, policyPath, asJSONType, nil), by: kept},
		{name: "deleted with all others", ask: by(roleWriter, http.MethodDelete, policiesPath, asJSONType, nil), by: kept},
		{name: "deleted in the foreground", ask: by(roleWriter, http.MethodDelete, policyPath+"?propagationPolicy=Foreground", asJSONType, nil), by: kept},
		{name: "another beside it", steps: []ask{by(roleWriter, http.MethodPost, policiesPath, asJSONType, named("lenient"))}, ask: post(mine("new", decentral)), by: byDoor(messageDecentral)},
		{name: "another in upper case", ask: by(roleWriter, http.MethodPost, policiesPath, asJSONType, named("Default")), by: byServer(http.StatusUnprocessableEntity, "metadata.name")},
		{name: "the same made again", ask: by(roleWriter, http.MethodPost, policiesPath, asJSONType, named("default")), by: byServer(http.StatusConflict, "already exists")},
		{name: "its index by an editor", ask: by(asEditor, http.MethodPatch, policyPath+"/status", mergePatch, index), by: byRBAC},
		{name: "its index by whom a role lets", ask: by(roleWriter, http.MethodPatch, policyPath+"/status", mergePatch, index), by: byPolicy("status", messageStatus)},
		{name: "its index by whom all other rights let", ask: by(roleWriter, http.MethodPatch, policyPath+"/status", mergePatch, index).may(mayInventory, mayTransition, mayGrant, mayOnBehalf), by: byPolicy("status", messageStatus)},
		{name: "its index by the operator's right in a namespace", ask: by(roleWriter, http.MethodPatch, policyPath+"/status", mergePatch, index).may(operator + "@" + attemptsNamespace), by: byPolicy("status", messageStatus)},
		{name: "its index by JSON patch", ask: by(roleWriter, http.MethodPatch, policyPath+"/status", jsonPatch, []object{{"op": "remove", "path": "/status/compiledAt"}}), by: byPolicy("status", messageStatus)},
		{name: "its index, applied", ask: by(roleWriter, http.MethodPatch, policyPath+"/status?fieldManager=mine&force=true", appliedPatch, status), by: byPolicy("status", messageStatus)},
		{name: "its index in the body", ask: by(roleWriter, http.MethodPatch, policyPath, mergePatch, index), by: inVain},
		{name: "the door's binding deleted", ask: by(asAdmin, http.MethodDelete, binding, asJSONType, nil), by: byRBAC},
		{name: "the door's binding changed", ask: by(asAdmin, http.MethodPatch, binding, mergePatch, open), by: byRBAC},
		{name: "the door deleted", ask: by(asAdmin, http.MethodDelete, vap, asJSONType, nil), by: byRBAC},
		{name: "the door deleted by whom a role lets all of ours", ask: by(roleWriter, http.MethodDelete, vap, asJSONType, nil), by: byRBAC},
		{name: "the definition changed", ask: by(asAdmin, http.MethodPatch, "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/applications.kdz.mainz.de", mergePatch, object{"spec": object{"versions": nil}}), by: byRBAC},
	}
}

// recordAttempts are attempts on an Application's account.
func recordAttempts() []attempt {
	const path = recordsPath + "/operating"
	record := object{"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "AvailabilityRecord", "metadata": object{"name": "planned"}}
	refuse := byPolicy("status", messageStatus)
	return []attempt{
		{name: "by an editor", ask: by(asEditor, http.MethodPost, recordsPath, asJSONType, record), by: byRBAC},
		{name: "made", ask: by(roleWriter, http.MethodPost, recordsPath, asJSONType, record), by: refuse},
		{name: "changed", ask: by(roleWriter, http.MethodPatch, path, mergePatch, object{"metadata": object{"labels": object{"a": "b"}}}), by: refuse},
		{name: "applied", ask: by(roleWriter, http.MethodPatch, path+"?fieldManager=mine&force=true", appliedPatch, object{"apiVersion": "kdz.mainz.de/v1alpha1", "kind": "AvailabilityRecord", "metadata": object{"name": "operating", "labels": object{"a": "b"}}}), by: refuse},
		{name: "deleted", ask: by(roleWriter, http.MethodDelete, path, asJSONType, nil), by: refuse},
		{name: "all deleted", ask: by(roleWriter, http.MethodDelete, recordsPath, asJSONType, nil), by: refuse},
	}
}

// roleAttempts are attempts to be somebody else, or to have more rights.
func roleAttempts() []attempt {
	const rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + attemptsNamespace
	const api = "rbac.authorization.k8s.io/v1"
	role := func(resource string) object {
		return object{"apiVersion": api, "kind": "Role", "metadata": object{"name": "mine"}, "rules": []object{{"apiGroups": []string{"kdz.mainz.de"}, "resources": []string{resource}, "verbs": []string{"create"}}}}
	}
	bindTo := func(kind, name string) object {
		return object{
			"apiVersion": api, "kind": "RoleBinding", "metadata": object{"name": "mine"},
			"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": name},
			"subjects": []object{{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "mallory@example.org"}},
		}
	}
	roles := func(o object) ask { return by(asAdmin, http.MethodPost, rbac+"/roles", asJSONType, o) }
	bindings := func(o object) ask { return by(asAdmin, http.MethodPost, rbac+"/rolebindings", asJSONType, o) }
	return []attempt{
		{name: "a role to record as the inventory", ask: roles(role("applications/inventory")), by: byRBAC},
		{name: "a role to grant exemptions", ask: roles(role("exemptions/grant")), by: byRBAC},
		{name: "a role to write a status", ask: roles(role("applications/status")), by: byRBAC},
		{name: "a role for all there is", ask: roles(role("*")), by: byRBAC},
		{name: "bound to a role that grants", ask: bindings(bindTo("ClusterRole", "cluster-admin")), by: byRBAC},
		{name: "a role aggregated to the admin's", ask: by(asAdmin, http.MethodPost, "/apis/rbac.authorization.k8s.io/v1/clusterroles", asJSONType, object{
			"apiVersion": api, "kind": "ClusterRole", "metadata": object{"name": "mine", "labels": object{"rbac.authorization.k8s.io/aggregate-to-admin": "true"}}, "rules": role("applications/inventory")["rules"],
		}), by: byRBAC},
		{name: "bound in the whole cluster", ask: by(asAdmin, http.MethodPost, "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", asJSONType, object{
			"apiVersion": api, "kind": "ClusterRoleBinding", "metadata": object{"name": "mine"}, "roleRef": bindTo("ClusterRole", asEditor)["roleRef"],
		}), by: byRBAC},
		{name: "a token of another namespace's ServiceAccount", ask: by(asAdmin, http.MethodPost, "/api/v1/namespaces/kube-system/serviceaccounts/namespace-controller/token", asJSONType, object{"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": object{}}), by: byRBAC},
		{name: "as an administrator", ask: post(mine("new", decentral)).as("root", "system:masters"), by: byRBAC},
		{name: "as the operator", ask: patchApp("planned", nil).as("system:serviceaccount:kdz-system:kdz-controller-manager"), by: byRBAC},
		{name: "as an administrator, by an admin", ask: by(asAdmin, http.MethodPost, appsPath, asJSONType, mine("new", decentral)).as("root", "system:masters"), by: byRBAC},
		{name: "as a ServiceAccount elsewhere, by an admin", ask: by(asAdmin, http.MethodPost, appsPath, asJSONType, mine("new", decentral)).as("system:serviceaccount:kube-system:namespace-controller"), by: byRBAC},
		{name: "as a ServiceAccount of the namespace, by an admin", ask: by(asAdmin, http.MethodPost, appsPath, asJSONType, mine("new", decentral)).as("system:serviceaccount:" + attemptsNamespace + ":default"), by: byRBAC},
		{name: "the right to a unit in a namespace only", ask: patchApp("planned", object{"lifecycle": "Operating"}).may(mayOperateWeb + "@" + attemptsNamespace), by: byDoor(messageOperate(unitWeb, "unitRef"))},
		{name: "the right to another unit", ask: patchApp("planned", object{"lifecycle": "Operating"}).may("organisationalunits/operate:kdz-16-02-01"), by: byDoor(messageOperate(unitWeb, "unitRef"))},
		{name: "the inventory's right elsewhere", ask: post(mine("new", decentral)).may(mayInventory + "@amt-12"), by: byDoor(messageDecentral)},
		{name: "as an admin", ask: by(asAdmin, http.MethodPost, appsPath, asJSONType, mine("new", decentral)), by: byDoor(messageDecentral)},
		{name: "as an admin, existing", ask: by(asAdmin, http.MethodPost, appsPath, asJSONType, mine("new", existing)), by: byDoor(messageExisting)},
		{name: "as an admin, operated by the KDZ", ask: by(asAdmin, http.MethodPost, appsPath, asJSONType, mine("new", in("Operating"))), by: byDoor(messageOperate(unitWeb, "unitRef"))},
		{name: "as an admin, its status", ask: by(asAdmin, http.MethodPatch, appsPath+"/planned/status", mergePatch, object{"status": object{"centralisation": "Exempt"}}), by: byRBAC},
	}
}

// wildcards are attempts of somebody with verbs: ["*"] on applications and
// units, which must be none of the rights that are virtual subresources.
func wildcards() []attempt {
	post := func(edits ...edit) ask {
		return by(asWildcard, http.MethodPost, appsPath, asJSONType, mine("new", edits...))
	}
	return []attempt{
		{name: "decentral", ask: post(decentral), by: byDoor(messageDecentral)},
		{name: "bought by the unit", ask: post(bought), by: byDoor(messageProcured)},
		{name: "existing", ask: post(existing), by: byDoor(messageExisting)},
		{name: "undetermined", ask: post(undetermined), by: byDoor(messageUndetermined)},
		{name: "of the state", ask: post(state(listedBasis)), by: byDoor(messageStateService)},
		{name: "with a plan", ask: post(decentral, transition("move", "2027-01-31")), by: byDoor(messageTransition)},
		{name: "under review", ask: post(decentral, review("2027-01-31", "kdz-16")), by: byDoor(messageReview)},
		{name: "operated by the KDZ", ask: post(in("Operating")), by: byDoor(messageOperate(unitWeb, "unitRef"))},
		{name: "a status", ask: by(asWildcard, http.MethodPatch, appsPath+"/planned/status", mergePatch, object{"status": object{"centralisation": "Exempt"}}), by: byRBAC},
		{name: "a unit", ask: by(asWildcard, http.MethodPatch, unitsPath+"/"+unitOffice, mergePatch, object{"spec": object{"type": "Education"}}), by: byRBAC},
	}
}
