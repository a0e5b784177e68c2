// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// roleFolder holds the roles as they are installed but for the prefix of their
// names, rolePrefix.
const (
	roleFolder = root + "/config/rbac"
	rolePrefix = "kdz-"
)

// rightsOfRoles are the rights of each role for people and pipelines.
var rightsOfRoles = map[string][]right{
	"application-manager": {"handovers/applicationmanagement"},
	"auditor":             nil,
	"conference":          {"projects/conference", "servicelevels/decide"},
	"editor":              nil,
	"inventory":           {"applications/inventory"},
	"on-behalf":           {"exemptions/onbehalf", "projects/onbehalf", "servicelevels/onbehalf", "signoffs/onbehalf"},
	"operations":          {"handovers/operations"},
	"platform":            {"organisationalunits/assign"},
	"project-lead":        {"handovers/projectlead"},
	"provider-manager":    {"applications/stateservice", "applications/transition", "handovers/providermanagement"},
	"requirements":        {"projects/release"},
	"steering-round":      {"applications/transition", "exemptions/grant", "projects/steeringround", "servicelevels/decide"},
	"viewer":              nil,
}

// allRights are all rights that admission asks for, two of which no role has:
// one is granted unit by unit, the other is the operator's.
func allRights() []right {
	all := sets.New[right]("organisationalunits/operate", "governancepolicies/operator")
	for _, rights := range rightsOfRoles {
		all.Insert(rights...)
	}
	return sets.List(all)
}

// kinds are the resources of the group.
var kinds = []string{
	"applications", "availabilityrecords", "exemptions", "governancepolicies", "handovers",
	"organisationalunits", "projects", "servicelevels", "signoffs",
}

// installedRoles are the ClusterRoles for people and pipelines, by their names
// in the files.
func installedRoles(t *testing.T) map[string]*rbacv1.ClusterRole {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(roleFolder, "*_role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	roles := map[string]*rbacv1.ClusterRole{}
	for _, file := range files {
		if base := filepath.Base(file); strings.HasPrefix(base, "metrics_") || strings.HasPrefix(base, "leader_") {
			continue // what the operator and its Prometheus need
		}
		objects, err := readObjects(file)
		if err != nil || len(objects) != 1 {
			t.Fatalf("%s: %d objects, %v", file, len(objects), err)
		}
		role := &rbacv1.ClusterRole{}
		if err := admin(t).Scheme().Convert(objects[0], role, nil); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		roles[role.Name] = role
	}
	return roles
}

// install has the API server know a role by the name that it has when it is
// installed.
func install(t *testing.T, role *rbacv1.ClusterRole) string {
	t.Helper()
	role = role.DeepCopy()
	role.Name = rolePrefix + role.Name
	if err := admin(t).Create(t.Context(), role); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return role.Name
}

// holder is somebody to whom a ClusterRole is bound everywhere, or in a
// namespace.
func holder(t *testing.T, role, namespace string) user {
	t.Helper()
	group := "holds:" + role + "@" + namespace
	meta := metav1.ObjectMeta{Name: group, Namespace: namespace}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: group}}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role}
	var binding client.Object = &rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}
	if namespace != "" {
		binding = &rbacv1.RoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}
	}
	if err := admin(t).Create(t.Context(), binding); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	return as(t, "holder@example.org", []string{group})
}

// may asks the API server whether the user may do something.
func (u user) may(verb, resource, namespace string) (bool, error) {
	resource, subresource, _ := strings.Cut(resource, "/")
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: "kdz.mainz.de", Resource: resource, Subresource: subresource, Namespace: namespace, Verb: verb,
		},
	}}
	err := u.client.Create(u.ctx, review)
	return review.Status.Allowed, err
}

// holds are the rights that a user holds in a namespace or, with "", everywhere.
func (u user) holds(t *testing.T, namespace string) []right {
	t.Helper()
	var held []right
	for _, r := range allRights() {
		may, err := u.may("create", string(r), namespace)
		if err != nil {
			t.Fatal(err)
		}
		if may {
			held = append(held, r)
		}
	}
	return held
}

// await returns when the API server lets the user do something.
func (u user) await(t *testing.T, verb, resource, namespace string) {
	t.Helper()
	eventually(t, verb+" "+resource, func() error {
		may, err := u.may(verb, resource, namespace)
		if err == nil && !may {
			err = errors.New("not yet")
		}
		return err
	})
}

func TestRolesHoldTheirRightsAndNoOther(t *testing.T) {
	t.Parallel()
	roles := installedRoles(t)
	if diff := cmp.Diff(sets.List(sets.KeySet(rightsOfRoles)), sets.List(sets.KeySet(roles))); diff != "" {
		t.Fatalf("roles (-wanted +in %s)\n%s", roleFolder, diff)
	}
	for name, role := range roles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := holder(t, install(t, role), "")
			if name == "on-behalf" {
				u.await(t, "create", "projects/onbehalf", "")
			} else {
				u.await(t, "list", "applications", "")
			}
			if diff := cmp.Diff(rightsOfRoles[name], u.holds(t, "")); diff != "" {
				t.Errorf("rights (-wanted +held)\n%s", diff)
			}
			for _, kind := range kinds {
				for _, verb := range []string{"create", "update", "patch"} {
					if may, err := u.may(verb, kind+"/status", ""); may || err != nil {
						t.Errorf("may %s %s/status: %t, %v", verb, kind, may, err)
					}
				}
				if may, err := u.may("list", kind, ""); may == (name == "on-behalf") || err != nil {
					t.Errorf("may list %s: %t, %v", kind, may, err)
				}
			}
		})
	}
}

// What a role writes: all else of the group it only reads.
func TestRolesWriteWhatTheirHoldersDeclare(t *testing.T) {
	t.Parallel()
	change, write, all := "patch update", "create patch update", "create delete patch update"
	// What is applied on the server is patched even if it is created; a change of a
	// SignOff is refused whoever asks.
	sign := "create patch"
	want := map[string]map[string]string{
		"application-manager": {"applications": change, "handovers": change, "signoffs": sign},
		"auditor":             {},
		"conference":          {"projects": change, "servicelevels": all},
		"editor":              {"applications": all, "exemptions": "create patch", "handovers": all, "projects": all, "signoffs": sign},
		"inventory":           {"applications": all, "projects": all},
		"on-behalf":           {},
		"operations":          {"applications": write, "handovers": change, "signoffs": sign},
		"platform":            {"organisationalunits": all, "namespaces": write},
		"project-lead":        {"handovers": write, "projects": write, "signoffs": sign},
		"provider-manager": {
			"applications": write, "governancepolicies": change, "servicelevels": write, "signoffs": sign,
		},
		"requirements":   {"projects": write},
		"steering-round": {"applications": change, "exemptions": "create delete patch", "projects": change, "servicelevels": all},
		"viewer":         {},
	}
	reading := []string{"get", "list", "watch"}
	got := map[string]map[string]string{}
	for name, role := range installedRoles(t) {
		got[name] = map[string]string{}
		for _, rule := range role.Rules {
			if slices.Contains(rule.Verbs, "*") || slices.Contains(rule.Resources, "*") || slices.Contains(rule.APIGroups, "*") {
				t.Errorf("%s has a star: %v", name, rule)
			}
			verbs := slices.DeleteFunc(slices.Sorted(slices.Values(rule.Verbs)), func(v string) bool { return slices.Contains(reading, v) })
			for _, resource := range rule.Resources {
				if strings.HasSuffix(resource, "/status") {
					t.Errorf("%s holds %s", name, resource)
				}
				if len(verbs) > 0 && !strings.Contains(resource, "/") {
					got[name][resource] = strings.TrimSpace(got[name][resource] + " " + strings.Join(verbs, " "))
				}
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what roles write (-want +got)\n%s", diff)
	}
}

// Rights of namespaces can be given in one namespace; those that belong to no
// namespace are not given by a RoleBinding.
func TestRolesBoundInANamespace(t *testing.T) {
	t.Parallel()
	u := holder(t, install(t, installedRoles(t)["steering-round"]), unitOffice)
	u.await(t, "create", "projects/steeringround", unitOffice)
	for _, elsewhere := range []string{"", "amt-10"} {
		if held := u.holds(t, elsewhere); len(held) > 0 {
			t.Errorf("in %q holds %v", elsewhere, held)
		}
	}
	mustRefuse(t, as(t, "holder@example.org", []string{roleWriter, "holds:kdz-steering-round@amt-33"}).
		try(create, level(agreed("holder@example.org"))), "servicelevels", notDeciding)
}

// The cluster's own administrators of a namespace declare what an office does.
// They hold no right, and cannot give themselves one.
func TestAdministratorsOfANamespaceHoldNoRight(t *testing.T) {
	t.Parallel()
	roles := installedRoles(t)
	for _, name := range []string{"viewer", "editor", "steering-round"} {
		install(t, roles[name])
	}
	for _, role := range []string{"admin", "edit"} {
		u := holder(t, role, unitOffice)
		u.await(t, "create", "applications", unitOffice)
		if held := u.holds(t, unitOffice); len(held) > 0 {
			t.Errorf("%s holds %v", role, held)
		}
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "self-made", Namespace: unitOffice},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: rolePrefix + "steering-round"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: "holder@example.org"}},
	}
	if err := holder(t, "admin", unitOffice).try(create, binding); !apierrors.IsForbidden(err) {
		t.Errorf("an administrator of a namespace gives themselves the steering round's role: %v", err)
	}
}

// The policies ask for no right that is not in the list, and the list has none
// that no policy asks for.
func TestPoliciesAskForTheRightsThatThereAre(t *testing.T) {
	t.Parallel()
	asked := sets.New[right]()
	files, err := filepath.Glob(filepath.Join(policyFolder, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		rights, err := rightsAskedFor(file)
		if err != nil {
			t.Fatal(err)
		}
		asked.Insert(rights...)
	}
	if diff := cmp.Diff(allRights(), sets.List(asked)); diff != "" {
		t.Errorf("rights (-there are +asked for)\n%s", diff)
	}
}

// rightsAskedFor are the rights in the expressions of a file.
func rightsAskedFor(file string) ([]right, error) {
	objects, err := readObjects(file)
	if err != nil {
		return nil, err
	}
	var rights []right
	for _, o := range objects {
		for part := range strings.SplitSeq(fmt.Sprint(o.Object), "authorizer.group('kdz.mainz.de').resource('") {
			resource, rest, ok := strings.Cut(part, "').subresource('")
			subresource, _, closed := strings.Cut(rest, "')")
			if ok && closed && !strings.ContainsAny(resource, " '") {
				rights = append(rights, right(resource+"/"+subresource))
			}
		}
	}
	return rights, nil
}
