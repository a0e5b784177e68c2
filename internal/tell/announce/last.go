// SPDX-License-Identifier: Apache-2.0

package announce

import (
	"cmp"
	"context"
	"os"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// lastWords is how long what is told last may take altogether.
const lastWords = 5 * time.Second

// about is the object that a message is about.
func (a *Announcer) about(m message) *corev1.ObjectReference {
	if m.unit == "" {
		return m.application
	}
	unit := a.options.Unit(m.unit)
	if unit == nil {
		return m.application
	}
	return &corev1.ObjectReference{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "OrganisationalUnit",
		Name: unit.Name, UID: unit.UID, ResourceVersion: unit.ResourceVersion,
	}
}

// tellLast returns when all is told, or cannot be: what a Recorder takes is
// written later, and not at all if the process ends before.
func (a *Announcer) tellLast(messages []message) {
	if a.options.Client == nil {
		a.tell(messages)
		return
	}
	a.mu.Lock()
	logger := a.logger
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	for i, m := range messages {
		if err := a.options.Client.Create(ctx, a.event(m)); err != nil {
			logger.Error(err, "An Event was not told", "about", m.application.Namespace+"/"+m.application.Name, "note", m.note)
		}
		if ctx.Err() != nil {
			logger.Info("The operator ended before all was told", "events", len(messages)-i-1)
			return
		}
	}
}

// event of a message, as a Recorder would make it.
func (a *Announcer) event(m message) *eventsv1.Event {
	about := a.about(m)
	host, _ := os.Hostname()
	return &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{
			GenerateName: about.Name + "-",
			Namespace:    cmp.Or(about.Namespace, metav1.NamespaceDefault),
		},
		EventTime:           metav1.NewMicroTime(a.options.Clock.Now()),
		ReportingController: a.options.Name,
		ReportingInstance:   a.options.Name + "-" + host,
		Action:              actionJudge,
		Reason:              m.reason,
		Regarding:           *about,
		Note:                m.note,
		Type:                m.kind(),
	}
}
