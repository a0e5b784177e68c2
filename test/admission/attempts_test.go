// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/controlplane/controlplanetest"
)

// Namespaces of the attempts: of an office, and of no unit.
const (
	attemptsNamespace = "attempts"
	nobodysNamespace  = "attempts-nobody"
)

// Groups of those who try, in the attempts' namespaces.
const (
	// asEditor is an ordinary editor.
	asEditor = "attempts:editor"
	// asAdmin is the namespace's admin, with what is aggregated to that role.
	asAdmin = "attempts:admin"
	// asWildcard may do everything with applications and with units, as somebody
	// means who writes verbs: ["*"].
	asWildcard = "attempts:wildcard"
)

// Media types of requests.
const (
	asJSONType   = "application/json"
	asYAML       = "application/yaml"
	mergePatch   = "application/merge-patch+json"
	jsonPatch    = "application/json-patch+json"
	strategic    = "application/strategic-merge-patch+json"
	appliedPatch = "application/apply-patch+yaml"
)

// ask is a request as it goes over the wire, so that nothing is in it that a
// client library put there, and all that it would not.
type ask struct {
	method, path string
	mediaType    string
	body         any
	// groups of who asks, and rights.
	groups []string
	rights []right
	// pretends are the user and the groups that who asks claims to be.
	pretends []string
}

// attempt is one to get around the door, which comes to nothing.
type attempt struct {
	name string
	// steps lead there, and are all in order.
	steps []ask
	ask   ask
	// by says who refuses.
	by func(error) error
}

// send asks.
func (a ask) send(tb testing.TB) error {
	tb.Helper()
	groups := append([]string{"system:authenticated"}, a.groups...)
	for _, r := range a.rights {
		grant(tb, r)
		groups = append(groups, string(r))
	}
	hc, err := wire(tb, groups, len(a.pretends) > 0)
	if err != nil {
		return err
	}
	var body []byte
	switch b := a.body.(type) {
	case nil:
	case string:
		body = []byte(b)
	default:
		if body, err = json.Marshal(b); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(tb.Context(), a.method, controlplanetest.Config(tb).Host+a.path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", a.mediaType)
	request.Header.Set("Accept", asJSONType)
	for i, name := range a.pretends {
		request.Header.Add([]string{"Impersonate-User", "Impersonate-Group"}[min(i, 1)], name)
	}
	return answer(hc.Do(request))
}

// answer is what the API server says, as an error if it refuses.
func answer(response *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil || response.StatusCode < http.StatusMultipleChoices {
		return err
	}
	status := metav1.Status{}
	if err := json.Unmarshal(raw, &status); err != nil {
		status = metav1.Status{Code: int32(response.StatusCode), Message: string(raw)}
	}
	return &apierrors.StatusError{ErrStatus: status}
}

// wires are the clients of those who try, by their groups.
var wires sync.Map

// wire is a client of mallory in the groups: impersonated, which cannot
// impersonate anybody further, or with a certificate of their own.
func wire(tb testing.TB, groups []string, certified bool) (*http.Client, error) {
	tb.Helper()
	const name = "mallory@example.org"
	key := fmt.Sprint(certified, groups)
	if known, ok := wires.Load(key); ok {
		return known.(*http.Client), nil
	}
	config := controlplanetest.Config(tb)
	if certified {
		var err error
		if config, err = controlplanetest.Shared(tb).AddUser(name, groups...); err != nil {
			return nil, err
		}
	} else {
		config.Impersonate = rest.ImpersonationConfig{UserName: name, Groups: groups}
	}
	hc, err := rest.HTTPClientFor(config)
	if err == nil {
		wires.Store(key, hc)
	}
	return hc, err
}

// byPolicy: a policy refuses, with its message.
func byPolicy(policy, message string) func(error) error {
	return func(err error) error { return refused(err, policy, message) }
}

// byDoor: the policy on Applications refuses.
func byDoor(message string) func(error) error { return byPolicy("applications", message) }

// byPolicyAtAll: a policy refuses, whatever it says.
func byPolicyAtAll(err error) error {
	if !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), "ValidatingAdmissionPolicy") {
		return fmt.Errorf("want a refusal by a policy, got %w", orNothing(err))
	}
	return nil
}

// byServer: the API server itself refuses with a code, by the schema or since
// there is no such thing, and says so.
func byServer(code int32, says string) func(error) error {
	return func(err error) error {
		var status apierrors.APIStatus
		if !errors.As(err, &status) || status.Status().Code != code || !strings.Contains(status.Status().Message, says) || strings.Contains(err.Error(), "ValidatingAdmissionPolicy") {
			return fmt.Errorf("want code %d that says %q, got %w", code, says, orNothing(err))
		}
		return nil
	}
}

// byRBAC: no role lets.
func byRBAC(err error) error {
	if !apierrors.IsForbidden(err) || strings.Contains(err.Error(), "ValidatingAdmissionPolicy") ||
		!strings.Contains(err.Error(), " cannot ") && !strings.Contains(err.Error(), "permissions not currently held") {
		return fmt.Errorf("want a refusal by RBAC, got %w", orNothing(err))
	}
	return nil
}

// inVain: it is accepted, and nothing comes of it.
func inVain(err error) error {
	if err != nil {
		return fmt.Errorf("want it to be accepted in vain, got %w", err)
	}
	return nil
}

func orNothing(err error) error {
	if err == nil {
		return errors.New("nothing: it was accepted")
	}
	return err
}

// run tries, and checks that it was refused by whom it should be, and that what
// matters is as before.
func (a attempt) run(t *testing.T) {
	for i, step := range a.steps {
		if err := step.send(t); err != nil {
			t.Fatalf("step %d is in order, and was refused: %v", i+1, err)
		}
	}
	for _, r := range a.ask.rights {
		grant(t, r)
	}
	before := matters(t)
	err := a.ask.send(t)
	if problem := a.by(err); problem != nil {
		t.Error(problem)
	}
	if diff := cmp.Diff(before, matters(t)); diff != "" {
		t.Errorf("it had an effect:\n%s", diff)
	}
}

// watched are what no attempt may change.
var watched = []string{
	"/apis/kdz.mainz.de/v1alpha1/namespaces/" + attemptsNamespace + "/applications",
	"/apis/kdz.mainz.de/v1alpha1/namespaces/" + attemptsNamespace + "/exemptions",
	"/apis/kdz.mainz.de/v1alpha1/namespaces/" + attemptsNamespace + "/availabilityrecords",
	"/apis/kdz.mainz.de/v1alpha1/namespaces/" + nobodysNamespace + "/applications",
	"/apis/kdz.mainz.de/v1alpha1/organisationalunits",
	"/apis/kdz.mainz.de/v1alpha1/governancepolicies?fieldSelector=metadata.name%3Ddefault",
	"/api/v1/namespaces",
	"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
	"/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
	"/apis/rbac.authorization.k8s.io/v1/namespaces/" + attemptsNamespace + "/roles",
	"/apis/rbac.authorization.k8s.io/v1/namespaces/" + attemptsNamespace + "/rolebindings",
}

// matters is how all stands that is watched: what is declared, and what is said
// of it.
func matters(t *testing.T) map[string]any {
	t.Helper()
	hc, err := rest.HTTPClientFor(controlplanetest.Config(t))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	for _, path := range watched {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, controlplanetest.Config(t).Host+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		response, err := hc.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		var list struct{ Items []map[string]any }
		err = json.NewDecoder(response.Body).Decode(&list)
		if err = errors.Join(err, response.Body.Close()); err != nil {
			t.Fatal(err)
		}
		for _, o := range list.Items {
			meta := o["metadata"].(map[string]any)
			if meta["deletionTimestamp"] != nil {
				// Left over from another test, and about to go.
				continue
			}
			delete(o, "metadata")
			all[fmt.Sprintf("%s %v labels", path, meta["name"])] = meta["labels"]
			all[fmt.Sprintf("%s %v", path, meta["name"])] = o
		}
	}
	return all
}

// createTriers makes those who try: roles as they are installed, bound in the
// namespaces.
func createTriers(t *testing.T) {
	t.Helper()
	c := admin(t)
	objects, err := readObjects(editorRoleFile)
	if err != nil {
		t.Fatal(err)
	}
	stored(t, objects[0])
	everything := []rbacv1.PolicyRule{{APIGroups: []string{"kdz.mainz.de"}, Resources: []string{"applications", "organisationalunits"}, Verbs: []string{"*"}}}
	stored(t, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: asWildcard}, Rules: everything})
	for _, namespace := range []string{attemptsNamespace, nobodysNamespace} {
		for group, role := range map[string]string{asEditor: objects[0].GetName(), asAdmin: "admin", asWildcard: asWildcard} {
			stored(t, &rbacv1.RoleBinding{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: group},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
				Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: group}},
			})
		}
		for _, group := range []string{asEditor, asAdmin, asWildcard} {
			eventually(t, group+" may create applications", func() error { return mayCreate(t, c, group, namespace) })
		}
	}
}

func mayCreate(t *testing.T, c client.Client, group, namespace string) error {
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "somebody", Groups: []string{group},
		ResourceAttributes: &authorizationv1.ResourceAttributes{Group: "kdz.mainz.de", Resource: "applications", Namespace: namespace, Verb: "create"},
	}}
	if err := c.Create(t.Context(), review); err != nil {
		return err
	}
	if !review.Status.Allowed {
		return errors.New("not yet")
	}
	return nil
}
