// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// recordingQueue tells what is added to it.
type recordingQueue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	added chan string
}

func newRecordingQueue() *recordingQueue {
	return &recordingQueue{added: make(chan string, 64)}
}

// Add implements the queue.
func (q *recordingQueue) Add(r reconcile.Request) { q.added <- r.Name }
