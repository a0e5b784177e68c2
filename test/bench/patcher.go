// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/controllers"
)

// patcher sends to its own Applications what the reconciler sent to one of its.
type patcher struct {
	client client.Client
	raw    *kubernetes.Clientset
	// accounts, patches and Events that the reconciler sent, by phase.
	accounts map[string]string
	patches  map[string]string
	events   map[string]*eventsv1.Event
	// versions of the accounts as the API server answered last, by name.
	versions map[string]*string
	// applications as the API server answered last.
	applications []v1alpha1.Application
	down         bool
}

// patcherWorker runs the bare client.
func patcherWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[transitions](args)
	if err != nil {
		return nil, err
	}
	config, err := readConfig(task.Kubeconfig)
	if err != nil {
		return nil, err
	}
	p := &patcher{}
	if p.client, err = client.New(config, client.Options{Scheme: controllers.Scheme()}); err != nil {
		return nil, err
	}
	if p.raw, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if err := p.learn(&task); err != nil {
		return nil, err
	}
	var list v1alpha1.ApplicationList
	if err := p.client.List(ctx, &list, client.InNamespace(task.Namespace)); err != nil {
		return nil, err
	}
	p.applications = list.Items // in the order of their names
	for i := range list.Items {
		p.versions[list.Items[i].Name] = new(string)
	}
	all, stars := list.Items, list.Items[:task.Count]
	if err := p.each(ctx, all, func(ctx context.Context, app *v1alpha1.Application) error {
		if err := p.open(ctx, app); err != nil {
			return err
		}
		return p.patch(ctx, app, phaseFirst)
	}); err != nil {
		return nil, fmt.Errorf("first judgement: %w", err)
	}
	for range 2 {
		if _, err := p.flip(ctx, all[task.Count:]); err != nil {
			return nil, fmt.Errorf("rehearse: %w", err)
		}
	}
	return func(ctx context.Context, _ time.Duration) (*sample, error) { return p.flip(ctx, stars) }, nil
}

// learn reads what the reconciler wrote.
func (p *patcher) learn(task *transitions) error {
	p.accounts, p.patches, p.events = map[string]string{}, map[string]string{}, map[string]*eventsv1.Event{}
	p.versions = map[string]*string{}
	for _, phase := range []string{phaseFirst, phaseDown, phaseUp} {
		account, err := os.ReadFile(task.file(accountWrite + "-" + phase))
		if err != nil {
			return fmt.Errorf("what the reconciler writes: %w", err)
		}
		p.accounts[phase] = string(account)
		body, err := os.ReadFile(task.file(patchWrite + "-" + phase))
		if err != nil {
			return fmt.Errorf("what the reconciler writes: %w", err)
		}
		if p.patches[phase] = string(body); phase == phaseFirst {
			continue // that all is well is no event
		}
		body, err = os.ReadFile(task.file(eventWrite + "-" + phase))
		if err != nil {
			return fmt.Errorf("what the reconciler writes: %w", err)
		}
		p.events[phase] = &eventsv1.Event{}
		if _, _, err := scheme.Codecs.UniversalDeserializer().Decode(body, nil, p.events[phase]); err != nil {
			return fmt.Errorf("the reconciler's Event: %w", err)
		}
	}
	return nil
}

// versionField is where a patch says which version it is about.
var versionField = regexp.MustCompile(`"resourceVersion":"[0-9]+"`)

// patch sends the patch of a phase. What it is answered it keeps.
func (p *patcher) patch(ctx context.Context, app *v1alpha1.Application, phase string) error {
	body := versionField.ReplaceAllString(p.patches[phase], `"resourceVersion":"`+app.ResourceVersion+`"`)
	return p.client.Status().Patch(ctx, app, client.RawPatch(types.MergePatchType, []byte(body)))
}

// open creates the account of an Application.
func (p *patcher) open(ctx context.Context, app *v1alpha1.Application) error {
	record := &v1alpha1.AvailabilityRecord{}
	if err := json.Unmarshal([]byte(p.accounts[phaseFirst]), record); err != nil {
		return err
	}
	record.Namespace, record.Name = app.Namespace, app.Name
	if err := p.client.Create(ctx, record); err != nil {
		return err
	}
	*p.versions[app.Name] = record.ResourceVersion
	return nil
}

// account sends the patch of an account in a phase.
func (p *patcher) account(ctx context.Context, app *v1alpha1.Application, phase string) error {
	version := p.versions[app.Name]
	body := versionField.ReplaceAllString(p.accounts[phase], `"resourceVersion":"`+*version+`"`)
	answer := &metav1.PartialObjectMetadata{}
	answer.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("AvailabilityRecord"))
	answer.Namespace, answer.Name = app.Namespace, app.Name
	if err := p.client.Patch(ctx, answer, client.RawPatch(types.MergePatchType, []byte(body))); err != nil {
		return err
	}
	*version = answer.ResourceVersion
	return nil
}

// event returns the Event of a phase. It encodes to the same bytes but for what
// it is about.
func (p *patcher) event(app *v1alpha1.Application, phase string) *eventsv1.Event {
	e := p.events[phase].DeepCopy()
	e.Name = strings.Replace(e.Name, e.Regarding.Name, app.Name, 1)
	e.Namespace = app.Namespace
	e.Regarding.Namespace, e.Regarding.Name, e.Regarding.UID = app.Namespace, app.Name, app.UID
	e.Regarding.ResourceVersion = app.ResourceVersion
	return e
}

// flip has Applications change, and waits until all is written.
func (p *patcher) flip(ctx context.Context, applications []v1alpha1.Application) (*sample, error) {
	began := time.Now()
	p.down = !p.down
	phase := phaseUp
	if p.down {
		phase = phaseDown
	}
	err := p.each(ctx, applications, func(ctx context.Context, app *v1alpha1.Application) error {
		event := p.event(app, phase)
		if err := p.account(ctx, app, phase); err != nil {
			return err
		}
		if err := p.patch(ctx, app, phase); err != nil {
			return err
		}
		_, err := p.raw.EventsV1().Events(app.Namespace).Create(ctx, event, metav1.CreateOptions{})
		return err
	})
	n := len(applications)
	return &sample{
		Operations: int64(n), Wall: time.Since(began),
		Values: map[string]float64{accountWrites: float64(n), statusPatches: float64(n), eventWrites: float64(n)},
	}, err
}

// each does something with each Application, inFlight at a time.
func (p *patcher) each(ctx context.Context, applications []v1alpha1.Application, do func(context.Context, *v1alpha1.Application) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inFlight)
	for i := range applications {
		group.Go(func() error { return do(ctx, &applications[i]) })
	}
	return group.Wait()
}
