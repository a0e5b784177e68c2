// SPDX-License-Identifier: Apache-2.0

// Package cluster looks at objects of the operator's own cluster that are
// others': workloads that an Application runs as, backups of it. Kinds and
// namespaces are watched from when somebody wants to know until nobody does. Of
// each object a few facts are kept, not the object. A kind that is not installed
// and one that may not be read are told as such, and picked up when that
// changes.
package cluster
