// SPDX-License-Identifier: Apache-2.0

// Package cluster looks at objects of the operator's own cluster that are
// others': workloads that an Application runs as, backups of it. Kinds and
// namespaces are watched from when somebody wants to know until a minute after
// nobody does any more. Of each object a few facts are kept, not the object. It
// decides nothing: what the facts mean is the matter of who asks.
//
// # How to ask
//
// A Watcher is a runnable of the manager; its Wake feeds a channel source. A
// reconciler calls Ensure with all that its Application asks for, and Forget
// when the Application is gone. Objects reads what is kept and never waits, so
// that a Probe may call it. Two who ask for the same Kind, by its address, in the
// same namespace share one watch, whatever names and selectors they ask for.
//
// # What cannot be seen
//
// That is a Problem, never an empty answer. A kind that is not installed is
// looked for every 25 s by one discovery for all such kinds, as long as somebody
// wants it: that costs next to nothing, and watching CustomResourceDefinitions
// would need one more right in the whole cluster. What may not be read is tried
// again with pauses that grow to a minute at most, and so is an API server that
// does not answer. While a watch is broken, what is kept still answers for a
// minute; a line that is silent is noticed by the client's pings after 45 s at
// most. What the operator is not allowed to read any more is forgotten at once.
// A watch that is open is not ended by the API server when a right is withdrawn,
// but within ten minutes, when it is renewed.
//
// # Which rights are needed
//
// To get, list and watch each kind, in each namespace in which somebody asks for
// it. The operator is granted those of Deployments, StatefulSets and DaemonSets,
// and of what package backup reads, in the whole cluster; any other is for who
// owns the namespace to grant, by a Role and a RoleBinding to the operator's
// ServiceAccount.
//
// # What it costs
//
// An object like a backup of Velero takes about 400 B; lists are streamed, or
// read in pages where the API server cannot stream, so that there is never more
// than a page of whole objects. Labels are shared. A watch of a namespace takes
// about 50 KiB, five goroutines and a stream of a connection to the API server.
package cluster
