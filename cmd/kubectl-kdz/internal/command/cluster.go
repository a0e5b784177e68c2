// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/account"
	"kdz.mainz.de/operator/internal/heartbeat"
)

// pageSize is how many objects are asked for at once.
const pageSize = 500

// cluster reads objects, and is asked to write what a person has confirmed.
type cluster struct {
	client client.Reader
	writer client.Client
	// clock of the API server.
	clock *servedClock
	// namespace that the flags or the kubeconfig name.
	namespace string
}

// connect returns the cluster that the flags and the kubeconfig name.
func (t *tool) connect() (*cluster, error) {
	namespace, _, err := t.flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	config, err := t.flags.ToRESTConfig()
	if err != nil {
		return nil, fmt.Errorf("no way to an API server: %w", err)
	}
	config.UserAgent = "kubectl-kdz/" + t.Version
	clock := &servedClock{local: t.Clock}
	config.Wrap(clock.watch)
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{v1alpha1.AddToScheme, corev1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme} {
		if err := add(scheme); err != nil {
			return nil, err
		}
	}
	c, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, fmt.Errorf("no way to an API server: %w", err)
	}
	return &cluster{client: c, writer: c, clock: clock, namespace: namespace}, nil
}

// get reads an object; false if there is none.
func (c *cluster) get(ctx context.Context, namespace, name string, into client.Object) (bool, error) {
	err := c.client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, into)
	if apierrors.IsNotFound(err) {
		return false, nil
	}
	return err == nil, explain(err)
}

// recorded reads what the operator has recorded of all accounts, the heartbeat
// first: the gaps up to it are stored by then.
func (c *cluster) recorded(ctx context.Context, namespace string) account.Recorded {
	var r account.Recorded
	there, err := c.document(ctx, namespace, &r.Beat)
	if err == nil && !there {
		err = fmt.Errorf("there is no ConfigMap %s/%s; is the operator in another namespace (--operator-namespace)?", namespace, heartbeat.Name)
	}
	if err == nil {
		_, err = c.document(ctx, namespace, &r.Gaps) // none: there was no gap yet
	}
	r.Err = err
	return r
}

// document reads one of the operator's own; false if there is none.
func (c *cluster) document(ctx context.Context, namespace string, into heartbeat.Document) (bool, error) {
	object := &corev1.ConfigMap{}
	name, _ := into.Place()
	there, err := c.get(ctx, namespace, name, object)
	if !there {
		return false, err
	}
	if err := heartbeat.Decode(object, into); err != nil {
		return false, fmt.Errorf("ConfigMap %s/%s: %w", namespace, name, err)
	}
	return true, nil
}

// explain says what to do about an error that says little by itself.
func explain(err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("the cluster does not know this kind of %s: is the KDZ operator installed there? (%w)", v1alpha1.GroupName, err)
	}
	return err
}

// list reads all objects of a kind in pages, in a namespace or, if that is
// empty, in all. Each page is handed on as it comes.
func (c *cluster) list(ctx context.Context, namespace string, page client.ObjectList, each func() error) error {
	options := &client.ListOptions{Namespace: namespace, Limit: pageSize}
	for {
		page.SetContinue("") // decoding leaves what the answer lacks
		if err := c.client.List(ctx, page, options); err != nil {
			return explain(err)
		}
		if err := each(); err != nil {
			return err
		}
		if options.Continue = page.GetContinue(); options.Continue == "" {
			return nil
		}
	}
}

func (c *cluster) applications(ctx context.Context, namespace string) ([]v1alpha1.Application, error) {
	var all []v1alpha1.Application
	page := &v1alpha1.ApplicationList{}
	err := c.list(ctx, namespace, page, func() error { all = append(all, page.Items...); page.Items = nil; return nil })
	return all, err
}

func (c *cluster) records(ctx context.Context, namespace string) ([]v1alpha1.AvailabilityRecord, error) {
	var all []v1alpha1.AvailabilityRecord
	page := &v1alpha1.AvailabilityRecordList{}
	err := c.list(ctx, namespace, page, func() error { all = append(all, page.Items...); page.Items = nil; return nil })
	return all, err
}

func (c *cluster) levels(ctx context.Context) ([]v1alpha1.ServiceLevel, error) {
	var all []v1alpha1.ServiceLevel
	page := &v1alpha1.ServiceLevelList{}
	err := c.list(ctx, "", page, func() error { all = append(all, page.Items...); page.Items = nil; return nil })
	return all, err
}

func (c *cluster) signOffs(ctx context.Context, namespace string) ([]v1alpha1.SignOff, error) {
	var all []v1alpha1.SignOff
	page := &v1alpha1.SignOffList{}
	err := c.list(ctx, namespace, page, func() error { all = append(all, page.Items...); page.Items = nil; return nil })
	return all, err
}

// name of an object and the namespace that it is in.
type name struct{ namespace, name string }

// names of all objects of a kind of ours, in a namespace or in all.
func (c *cluster) names(ctx context.Context, namespace, kind string) ([]name, error) {
	page := &metav1.PartialObjectMetadataList{}
	page.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind + "List"))
	var all []name
	err := c.list(ctx, namespace, page, func() error {
		for i := range page.Items {
			all = append(all, name{page.Items[i].Namespace, page.Items[i].Name})
		}
		page.Items = nil
		return nil
	})
	return all, err
}
