// SPDX-License-Identifier: Apache-2.0

package heartbeat

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Names of the two ConfigMaps.
const (
	Name     = "kdz-operator-heartbeat"
	GapsName = "kdz-operator-gaps"
)

// Version of the documents. Later ones only add fields, so that an older
// operator reads them.
const Version = 1

// Document is what one of the two objects holds.
type Document interface {
	// Place is the name of the object, and the key in it.
	Place() (name, key string)
	// Check says what is wrong with a document that was read.
	Check() error
}

// Decode reads what an object holds. An error says what is wrong with it.
func Decode(object *corev1.ConfigMap, into Document) error {
	_, key := into.Place()
	text, found := object.Data[key]
	if !found {
		return fmt.Errorf("it has no key %s", key)
	}
	if err := json.Unmarshal([]byte(text), into); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if err := into.Check(); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	return nil
}

// Beat is what is in the object Name.
type Beat struct {
	Version int `json:"version"`
	// Recorded is up to when everything that was seen is recorded.
	Recorded time.Time `json:"recorded"`
	// Sequence is one more with each heartbeat, whoever writes it.
	Sequence int64 `json:"sequence"`
	// Identity of the process that wrote it.
	Identity string `json:"identity"`
	// Pending are failures that are not an outage yet.
	Pending []Pending `json:"pending,omitempty"`
}

// Pending is a streak of failures that is not recorded otherwise.
type Pending struct {
	// Namespace, Name and Check: what fails of which Application.
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
	Check     string `json:"check"`
	// FirstFailure of the streak, from which on it will be an outage if it
	// becomes one, and how many there were.
	FirstFailure time.Time `json:"firstFailure"`
	Count        int       `json:"count"`
}

// Place implements Document.
func (*Beat) Place() (name, key string) { return Name, "heartbeat.json" }

// Check implements Document.
func (b *Beat) Check() error {
	switch {
	case b.Version < 1:
		return fmt.Errorf("version is %d, but must be at least 1", b.Version)
	case b.Recorded.IsZero():
		return errors.New("recorded is missing")
	case b.Sequence < 1:
		return fmt.Errorf("sequence is %d, but must be at least 1", b.Sequence)
	}
	return nil
}

// Gaps is what is in the object GapsName.
type Gaps struct {
	Version int `json:"version"`
	// Recorded as in the heartbeat, at most about an hour ago: it is what is
	// left to know if that is lost.
	Recorded time.Time `json:"recorded"`
	// Gaps that have ended, in order.
	Gaps []Gap `json:"gaps"`
}

// Gap is a time that nobody observed.
type Gap struct {
	// From when to when; To is zero while it lasts, and then it is not stored.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Reason is a CamelCase word for people.
	Reason string `json:"reason"`
	// Whole: not even what a process saw in it counts.
	Whole bool `json:"whole,omitempty"`
}

// Place implements Document.
func (*Gaps) Place() (name, key string) { return GapsName, "gaps.json" }

// Check implements Document.
func (g *Gaps) Check() error {
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
