// SPDX-License-Identifier: Apache-2.0

package kubernetes

import (
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// maxText bounds the message of a component, and what is kept of that of a
// workload, in bytes.
const maxText = 128

// facts are what is kept of a workload.
type facts struct {
	status  status.Status
	message string // of kstatus
	// counted: it says how many replicas are wanted and available.
	counted           bool
	wanted, available int64
}

// extract returns the facts of a workload.
func extract(u *unstructured.Unstructured) (kept any) {
	defer func() {
		// A workload that is left out would count as missing.
		if broken := recover(); broken != nil {
			kept = unclear(fmt.Sprint(broken))
		}
	}()
	found, err := status.Compute(u)
	if err != nil {
		return unclear(err.Error())
	}
	f := facts{status: found.Status, message: endpoint.Printable(found.Message, maxText)}
	f.wanted, f.available, f.counted = replicas(u)
	return f
}

// unclear are the facts of a workload that cannot be understood.
func unclear(why string) facts {
	return facts{status: status.UnknownStatus, message: endpoint.Printable(why, maxText)}
}

// replicas says how many are wanted and how many are available, if that can be
// known. Of Kubernetes' own kinds it is known what stands for what is left out;
// of others both must be told.
func replicas(u *unstructured.Unstructured) (wanted, available int64, counted bool) {
	kind := u.GroupVersionKind()
	switch kind.GroupKind().String() {
	case "DaemonSet.apps":
		wanted, counted = number(u, "status", "desiredNumberScheduled")
		available, _ = number(u, "status", "numberAvailable")
		_, observed := number(u, "status", "observedGeneration")
		return wanted, available, counted && observed
	case "Deployment.apps", "StatefulSet.apps", "ReplicaSet.apps":
		if wanted, counted = number(u, "spec", "replicas"); !counted {
			wanted = 1
		}
		available, _ = number(u, "status", "availableReplicas")
		return wanted, available, true
	}
	wanted, counted = number(u, "spec", "replicas")
	available, told := number(u, "status", "availableReplicas")
	return wanted, available, counted && told
}

// number returns a field, and whether it is there and a number.
func number(u *unstructured.Unstructured, path ...string) (int64, bool) {
	n, found, err := unstructured.NestedInt64(u.Object, path...)
	return n, found && err == nil
}
