// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
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
