// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/internal/observe"
)

// Names of the two ConfigMaps, and the key of each.
const (
	HeartbeatName = "kdz-operator-heartbeat"
	GapsName      = "kdz-operator-gaps"
	heartbeatKey  = "heartbeat.json"
	gapsKey       = "gaps.json"
)

// version of the documents. Later ones only add fields, so that an older
// operator reads them.
const version = 1

// heartbeat is what is in the object of that name.
type heartbeat struct {
	Version int `json:"version"`
	// Recorded is up to when everything that was seen is recorded.
	Recorded time.Time `json:"recorded"`
	// Sequence is one more with each heartbeat, whoever writes it.
	Sequence int64 `json:"sequence"`
	// Identity of the process that wrote it.
	Identity string `json:"identity"`
	// Pending are failures that are not an outage yet.
	Pending []pending `json:"pending,omitempty"`
}

// pending is a streak of failures that is not recorded otherwise.
type pending struct {
	Namespace    string    `json:"namespace,omitempty"`
	Name         string    `json:"name"`
	Check        string    `json:"check"`
	FirstFailure time.Time `json:"firstFailure"`
	Count        int       `json:"count"`
}

// list of gaps, as it is in the object of that name.
type list struct {
	Version int `json:"version"`
	// Recorded as in the heartbeat, at most about an hour ago: it is what is
	// left to know if that is lost.
	Recorded time.Time `json:"recorded"`
	Gaps     []gap     `json:"gaps"`
}

// streaks are the pending failures as the observer has them.
func (h *heartbeat) streaks() []observe.Pending {
	all := make([]observe.Pending, len(h.Pending))
	for i, p := range h.Pending {
		all[i] = observe.Pending{Check: p.Check, FirstFailure: p.FirstFailure, Count: p.Count}
		all[i].Subscriber.Namespace, all[i].Subscriber.Name = p.Namespace, p.Name
	}
	return all
}

// newHeartbeat returns what there is to be written.
func newHeartbeat(w observe.Watermark, recorded time.Time, sequence int64, identity string) heartbeat {
	h := heartbeat{Version: version, Recorded: recorded.UTC(), Sequence: sequence, Identity: identity}
	for _, p := range w.Pending {
		h.Pending = append(h.Pending, pending{
			Namespace: p.Subscriber.Namespace, Name: p.Subscriber.Name,
			Check: p.Check, FirstFailure: p.FirstFailure.UTC(), Count: p.Count,
		})
	}
	return h
}

// check says what is wrong with a heartbeat that was read.
func (h *heartbeat) check() error {
	switch {
	case h.Version < 1:
		return fmt.Errorf("version is %d, but must be at least 1", h.Version)
	case h.Recorded.IsZero():
		return errors.New("recorded is missing")
	case h.Sequence < 1:
		return fmt.Errorf("sequence is %d, but must be at least 1", h.Sequence)
	}
	h.Pending = h.Pending[:min(len(h.Pending), observe.MaxPending)]
	return nil
}

// check says what is wrong with a list of gaps that was read.
func (g *list) check() error {
	if g.Version < 1 {
		return fmt.Errorf("version is %d, but must be at least 1", g.Version)
	}
	for i := range g.Gaps {
		if g.Gaps[i].From.IsZero() || !g.Gaps[i].To.After(g.Gaps[i].From) {
			return fmt.Errorf("gap %d is from %s to %s, but must end after it began", i, g.Gaps[i].From, g.Gaps[i].To)
		}
	}
	return nil
}

// read reads an object and what it holds. A document that cannot be read is
// told and counts as lost: then, and if there is no object, found is false.
func (l *Ledger) read(ctx context.Context, name, key string, document interface{ check() error }) (found bool, resourceVersion string, err error) {
	var object corev1.ConfigMap
	err = l.o.Client.Get(ctx, client.ObjectKey{Namespace: l.o.Namespace, Name: name}, &object)
	switch {
	case apierrors.IsNotFound(err):
		return false, "", nil
	case err != nil:
		return false, "", fmt.Errorf("read ConfigMap %s/%s: %w", l.o.Namespace, name, err)
	}
	err = json.Unmarshal([]byte(object.Data[key]), document)
	if err == nil {
		err = document.check()
	}
	if err != nil {
		l.o.Logger.Error(err, "a ConfigMap of the operator cannot be read and counts as lost", "namespace", l.o.Namespace, "name", name, "key", key)
		return false, object.ResourceVersion, nil
	}
	return true, object.ResourceVersion, nil
}

func (l *Ledger) readHeartbeat(ctx context.Context) (*heartbeat, string, error) {
	h := &heartbeat{}
	found, resourceVersion, err := l.read(ctx, HeartbeatName, heartbeatKey, h)
	if !found {
		h = nil
	}
	return h, resourceVersion, err
}

func (l *Ledger) readGaps(ctx context.Context) (*list, string, error) {
	g := &list{}
	found, resourceVersion, err := l.read(ctx, GapsName, gapsKey, g)
	if !found {
		g = nil
	}
	return g, resourceVersion, err
}

// write replaces the version of an object that is known, or creates it if none
// is, and returns its new version.
func (l *Ledger) write(ctx context.Context, name, key, resourceVersion string, document any) (string, error) {
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
