// SPDX-License-Identifier: Apache-2.0

// Package systems makes the checks of what an Application runs on, whatever
// platform that is: one for each SAP instance, each host, each workload, and for
// the status page of a supplier.
package systems
