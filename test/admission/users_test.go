// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// Roles that users can have beside single rights. Neither holds any right that
// is a virtual subresource.
const (
	// roleEditor is kdz-editor, as it is installed.
	roleEditor = "role:editor"
	// roleWriter may do everything with every resource, so that only admission
	// is in the way.
	roleWriter = "role:writer"
	// roleAsker may create what ordinary editors may not, as far as RBAC is
	// concerned.
	roleAsker = "role:asker"
)

// createRoles installs the roles, bound to groups of their names.
func createRoles(ctx context.Context, c client.Client) error {
	objects, err := readObjects(editorRoleFile)
	if err != nil {
		return err
	}
	editor := &rbacv1.ClusterRole{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(objects[0].Object, editor); err != nil {
		return fmt.Errorf("%s: %w", editorRoleFile, err)
	}
	all := []string{"*"}
	kinds := []string{
		"applications", "availabilityrecords", "exemptions", "governancepolicies", "handovers",
		"organisationalunits", "projects", "servicelevels", "signoffs", "*/status",
	}
	for group, rules := range map[string][]rbacv1.PolicyRule{
		roleEditor: editor.Rules,
		roleAsker: {
			{APIGroups: []string{"kdz.mainz.de"}, Resources: []string{"exemptions", "servicelevels"}, Verbs: []string{"create"}},
		},
		roleWriter: {
			{APIGroups: []string{"kdz.mainz.de"}, Resources: kinds, Verbs: all},
			{APIGroups: []string{"", "apps", "batch", "networking.k8s.io", "gateway.networking.k8s.io"}, Resources: all, Verbs: all},
		},
	} {
		if err := bind(ctx, c, group, "", rules); err != nil {
			return err
		}
	}
	return nil
}

// bind lets a group do what the rules say, everywhere or in a namespace.
func bind(ctx context.Context, c client.Client, group, namespace string, rules []rbacv1.PolicyRule) error {
	name := strings.ReplaceAll(group, "/", ":")
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: name}, Rules: rules}
	meta := metav1.ObjectMeta{Name: name, Namespace: namespace}
	subjects := []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: group}}
	ref := rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name}
	var binding client.Object = &rbacv1.ClusterRoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}
	if namespace != "" {
		binding = &rbacv1.RoleBinding{ObjectMeta: meta, Subjects: subjects, RoleRef: ref}
	}
	for _, o := range []client.Object{role, binding} {
		if err := c.Create(ctx, o); err != nil && !apierrors.IsAlreadyExists(err) {
			return fmt.Errorf("let %s: %w", group, err)
		}
	}
	return nil
}

// right is a right that is a virtual subresource: "applications/inventory",
// with the name of what it is about "organisationalunits/operate:kdz-16-03-04",
// in one namespace only "applications/inventory@amt-33".
type right string

// parts are the right's resource, subresource, name and namespace.
func (r right) parts() (resource, subresource, name, namespace string) {
	text, namespace, _ := strings.Cut(string(r), "@")
	text, name, _ = strings.Cut(text, ":")
	resource, subresource, _ = strings.Cut(text, "/")
	return resource, subresource, name, namespace
}

// granted holds the rights that the API server knows already.
var granted = struct {
	sync.Mutex
	rights map[right]bool
}{rights: map[right]bool{}}

// grant lets the group of a right's name have the right, and returns when the
// API server knows.
func grant(tb testing.TB, r right) {
	tb.Helper()
	granted.Lock()
	defer granted.Unlock()
	if granted.rights[r] {
		return
	}
	c := admin(tb)
	resource, subresource, name, namespace := r.parts()
	rule := rbacv1.PolicyRule{APIGroups: []string{"kdz.mainz.de"}, Resources: []string{resource + "/" + subresource}, Verbs: []string{"create"}}
	if name != "" {
		rule.ResourceNames = []string{name}
	}
	if err := bind(tb.Context(), c, string(r), namespace, []rbacv1.PolicyRule{rule}); err != nil {
		tb.Fatal(err)
	}
	eventually(tb, "right "+string(r), func() error {
		review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
			User: "somebody", Groups: []string{string(r)},
			ResourceAttributes: &authorizationv1.ResourceAttributes{
				Group: "kdz.mainz.de", Resource: resource, Subresource: subresource,
				Name: name, Namespace: namespace, Verb: "create",
			},
		}}
		if err := c.Create(tb.Context(), review); err != nil {
			return err
		}
		if !review.Status.Allowed {
			return errors.New("not known yet")
		}
		return nil
	})
	granted.rights[r] = true
}

// user is somebody who asks the API server for something.
type user struct {
	name string
	// client acts as the user.
	client client.Client
	ctx    context.Context
}

// clients holds the clients by user and groups: each keeps connections.
var clients sync.Map

// as makes a user of a name who is in the groups, which are roles, and has the
// rights.
func as(tb testing.TB, name string, roles []string, rights ...right) user {
	tb.Helper()
	groups := slices.Concat([]string{"system:authenticated"}, roles)
	for _, r := range rights {
		grant(tb, r)
		groups = append(groups, string(r))
	}
	u := user{name: name, ctx: context.WithoutCancel(tb.Context())}
	key := strings.Join(append([]string{name}, groups...), "\n")
	if known, ok := clients.Load(key); ok {
		u.client = known.(client.Client)
		return u
	}
	config := controlplanetest.Config(tb)
	config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: groups}
	c, err := client.New(config, client.Options{Scheme: admin(tb).Scheme(), Mapper: admin(tb).RESTMapper()})
	if err != nil {
		tb.Fatal(err)
	}
	u.client = client.WithFieldValidation(c, metav1.FieldValidationStrict)
	clients.Store(key, u.client)
	return u
}

// editor is an ordinary editor of an office, with further rights if any.
func editor(tb testing.TB, rights ...right) user {
	tb.Helper()
	return as(tb, "editor@example.org", []string{roleEditor}, rights...)
}

// writer is somebody whom RBAC lets do everything with every object, but who
// has no right beside those that are named.
func writer(tb testing.TB, rights ...right) user {
	tb.Helper()
	return as(tb, "writer@example.org", []string{roleWriter}, rights...)
}

// administrator is the client of system:masters, made once. It has a field
// manager of its own: what one manager changes twice in a second bears the same
// stamps, and the door then has no clock.
var administrator struct {
	sync.Once
	client client.Client
	err    error
}

// admin may do everything.
func admin(tb testing.TB) client.Client {
	tb.Helper()
	config := controlplanetest.Config(tb)
	administrator.Do(func() {
		var c client.Client
		if c, administrator.err = newClient(config); administrator.err == nil {
			administrator.client = client.WithFieldOwner(c, "administrator")
		}
	})
	if administrator.err != nil {
		tb.Fatal(administrator.err)
	}
	return administrator.client
}

// eventually returns when do returns no error.
func eventually(tb testing.TB, what string, do func() error) {
	tb.Helper()
	last := errors.New("never tried")
	err := wait.PollUntilContextTimeout(context.WithoutCancel(tb.Context()), pause, patience, true, func(context.Context) (bool, error) {
		last = do()
		return last == nil, nil
	})
	if err != nil {
		tb.Fatalf("%s: %v", what, last)
	}
}
