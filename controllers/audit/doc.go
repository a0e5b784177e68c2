// SPDX-License-Identifier: Apache-2.0

// Package audit is the controller that audits: it has each namespace judged in
// all that an auditor asks of, and what was found told in openreports.io
// Reports and in a metric.
//
// Its key is a namespace; the empty one stands for what is judged beyond single
// namespaces. An agenda says when a namespace is due: a little after something
// changed in it, so that what comes together is told together, and at the next
// moment at which the mere passing of time changes what is found. Whoever
// changes many objects therefore causes one audit, and a namespace in which
// nothing changes costs nothing.
//
// Workloads are of interest only if the policy says so, and reports can be
// written only where openreports.io is installed. Both can change while the
// operator runs, so a loop beside the controller looks at what the cluster
// serves and has workloads watched, by their metadata alone, or no longer.
package audit
