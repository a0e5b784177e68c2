// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// pages answers a list with as many pages as it is told, of one Application
// each, and leaves the token as it is where there is no other page, as decoding
// an answer without one does.
type pages struct {
	client.Reader
	n     int
	asked int
}

func (p *pages) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	o := &client.ListOptions{}
	o.ApplyOptions(options)
	i, _ := strconv.Atoi(o.Continue)
	if p.asked++; p.asked > p.n {
		return fmt.Errorf("page %d was asked for twice", i)
	}
	apps := list.(*v1alpha1.ApplicationList)
	app := v1alpha1.Application{}
	app.Name = "app-" + strconv.Itoa(i)
	apps.Items = append(apps.Items, app)
	if i+1 < p.n {
		apps.SetContinue(strconv.Itoa(i + 1))
	}
	return nil
}

func TestAllPagesAreRead(t *testing.T) {
	c := &cluster{client: &pages{n: 3}}
	apps, err := c.applications(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for i := range apps {
		names = append(names, apps[i].Name)
	}
	if got := strings.Join(names, " "); got != "app-0 app-1 app-2" {
		t.Errorf("read %s", got)
	}
}

func TestTheOperatorIsNotInstalled(t *testing.T) {
	err := explain(&meta.NoKindMatchError{GroupKind: v1alpha1.GroupVersion.WithKind("Application").GroupKind()})
	if err == nil || !strings.Contains(err.Error(), "is the KDZ operator installed there?") {
		t.Errorf("error: %v", err)
	}
}

// What has no account says why.
func TestNoAccount(t *testing.T) {
	for _, test := range []struct {
		words     string
		lifecycle v1alpha1.Lifecycle
		status    v1alpha1.ApplicationStatus
	}{
		{"amt-33/app has no account yet: it is Retired, and only what operates is counted", v1alpha1.LifecycleRetired, v1alpha1.ApplicationStatus{}},
		{"it is Planned, and only what operates is counted", v1alpha1.LifecyclePlanned, v1alpha1.ApplicationStatus{ObservedGeneration: 1}},
		{"the operator has not seen it yet; does it run?", v1alpha1.LifecycleOperating, v1alpha1.ApplicationStatus{}},
		{"ServiceLevel gold does not exist", v1alpha1.LifecycleOperating, v1alpha1.ApplicationStatus{
			ObservedGeneration: 1, Conditions: []metav1.Condition{{Type: v1alpha1.ConditionServiceLevelMet, Message: "ServiceLevel gold does not exist"}},
		}},
		{"the operator writes it when it has observed the Application for the first time", v1alpha1.LifecycleOperating, v1alpha1.ApplicationStatus{ObservedGeneration: 1}},
	} {
		app := &v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{Lifecycle: test.lifecycle}, Status: test.status}
		app.Namespace, app.Name = "amt-33", "app"
		if err := noAccount(app); !strings.Contains(err.Error(), test.words) {
			t.Errorf("error %q lacks %q", err, test.words)
		}
	}
}
