// SPDX-License-Identifier: Apache-2.0

// Package kubernetes looks at workloads of an Application's own namespace. They
// are watched (package cluster), and what is kept of each is its status after
// kstatus and how many of its replicas are wanted and available; a Probe reads
// that, and so never waits for the API server.
//
// # What is a system
//
// Each workload that is named is one, by its kind and name. It may be of any
// kind that has namespaces, but no Secret, whose existence would be told to who
// may not read it, and none of the operator's own, which would be told of itself.
// The workloads that a
// selector matches are one together, called SelectorName, each a component.
// Those are Deployments, StatefulSets and DaemonSets. Jobs come and go, and one
// that failed is no outage; of a CronJob kstatus knows nothing but that it
// exists. Who depends on one of these names it.
//
// # What it means
//
// The state of a workload follows from the first line that applies.
//
//	it does not exist                              Down      WorkloadMissing
//	its status cannot be understood                Unknown   FactMissing
//	it is being deleted                            Degraded  WorkloadProgressing
//	no replicas are wanted                         Down      WorkloadFailed
//	none of the wanted replicas is available       Down      WorkloadFailed
//	it failed, but some replicas are available     Degraded  WorkloadFailed
//	it failed                                      Down      WorkloadFailed
//	as many replicas are available as are wanted   Up
//	fewer are, or kstatus says that it progresses  Degraded  WorkloadProgressing
//	anything else                                  Up
//
// So a Deployment that is rolled out while the old replicas serve is Up: that is
// normal operation. One whose rollout got stuck is Degraded as long as the old
// ones serve. One that was scaled to 0 on purpose is Down all the same, since
// nobody is served: planned work is declared as a maintenance window. Only among
// the workloads of a selector such a one is Stopped and counts for nothing,
// unless all of them are, since releases are often left behind like that.
//
// A selector that matches nothing is Unknown (FactMissing): nobody knows whether
// there should be something. What cannot be seen is Unknown with the reason of
// the cluster.Problem. A known fault is not hidden by what is not known.
//
// # Which rights are needed
//
// The operator may read Deployments, StatefulSets and DaemonSets everywhere, and
// what package backup needs. Any other kind is granted by who owns the namespace:
//
//	apiVersion: rbac.authorization.k8s.io/v1
//	kind: Role
//	metadata: {name: kdz-operator-hosting, namespace: civento}
//	rules:
//	- apiGroups: [kafka.strimzi.io]
//	  resources: [kafkas]
//	  verbs: [get, list, watch]
//	---
//	apiVersion: rbac.authorization.k8s.io/v1
//	kind: RoleBinding
//	metadata: {name: kdz-operator-hosting, namespace: civento}
//	roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: kdz-operator-hosting}
//	subjects:
//	- {kind: ServiceAccount, name: kdz-operator, namespace: kdz-system}
//
// # How it is used
//
// A Source turns what is declared into Systems. A reconciler hands the Queries of
// all to cluster.Watcher.Ensure, and makes an observe.Check of each with its
// Probe and with Read.
package kubernetes
