// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/heartbeat"
	"kdz.mainz.de/operator/internal/observe"
)

// streaks are the pending failures as the observer has them.
func streaks(b *heartbeat.Beat) []observe.Pending {
	all := make([]observe.Pending, len(b.Pending))
	for i, p := range b.Pending {
		all[i] = observe.Pending{Check: p.Check, FirstFailure: p.FirstFailure, Count: p.Count}
		all[i].Subscriber.Namespace, all[i].Subscriber.Name = p.Namespace, p.Name
	}
	return all
}

// newBeat returns what there is to be written.
func newBeat(w observe.Watermark, recorded time.Time, sequence int64, identity string) heartbeat.Beat {
	b := heartbeat.Beat{Version: heartbeat.Version, Recorded: recorded.UTC(), Sequence: sequence, Identity: identity}
	for _, p := range w.Pending {
		b.Pending = append(b.Pending, heartbeat.Pending{
			Namespace: p.Subscriber.Namespace, Name: p.Subscriber.Name,
			Check: p.Check, FirstFailure: p.FirstFailure.UTC(), Count: p.Count,
		})
	}
	return b
}

// read reads what an object holds. A document that cannot be read is told and
// counts as lost: then, and if there is no object, found is false.
func (l *Ledger) read(ctx context.Context, document heartbeat.Document) (found bool, resourceVersion string, err error) {
	var object corev1.ConfigMap
	name, _ := document.Place()
	err = l.o.Client.Get(ctx, client.ObjectKey{Namespace: l.o.Namespace, Name: name}, &object)
	switch {
	case apierrors.IsNotFound(err):
		return false, "", nil
	case err != nil:
		return false, "", fmt.Errorf("read ConfigMap %s/%s: %w", l.o.Namespace, name, err)
	}
	if err := heartbeat.Decode(&object, document); err != nil {
		l.o.Logger.Error(err, "a ConfigMap of the operator cannot be read and counts as lost", "namespace", l.o.Namespace, "name", name)
		return false, object.ResourceVersion, nil
	}
	return true, object.ResourceVersion, nil
}

func (l *Ledger) readBeat(ctx context.Context) (*heartbeat.Beat, string, error) {
	b := &heartbeat.Beat{}
	found, resourceVersion, err := l.read(ctx, b)
	if !found {
		return nil, resourceVersion, err
	}
	b.Pending = b.Pending[:min(len(b.Pending), observe.MaxPending)]
	return b, resourceVersion, err
}

func (l *Ledger) readGaps(ctx context.Context) (*heartbeat.Gaps, string, error) {
	g := &heartbeat.Gaps{}
	found, resourceVersion, err := l.read(ctx, g)
	if !found {
		g = nil
	}
	return g, resourceVersion, err
}

// write replaces the version of an object that is known, or creates it if none
// is, and returns its new version.
func (l *Ledger) write(ctx context.Context, resourceVersion string, document heartbeat.Document) (string, error) {
	name, key := document.Place()
	text, err := json.Marshal(document)
	if err != nil {
		return "", fmt.Errorf("write ConfigMap %s/%s: %w", l.o.Namespace, name, err)
	}
	object := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: l.o.Namespace, Name: name, ResourceVersion: resourceVersion,
			Labels: map[string]string{"app.kubernetes.io/name": "kdz-operator", "app.kubernetes.io/part-of": "kdz"},
		},
		Data: map[string]string{key: string(text)},
	}
	if resourceVersion == "" {
		err = l.o.Client.Create(ctx, object)
	} else {
		err = l.o.Client.Update(ctx, object)
	}
	if err != nil {
		return "", fmt.Errorf("write ConfigMap %s/%s: %w", l.o.Namespace, name, err)
	}
	return object.ResourceVersion, nil
}

// overtaken says whether a write failed because the object is not as we know
// it.
func overtaken(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsNotFound(err) || apierrors.IsAlreadyExists(err)
}
