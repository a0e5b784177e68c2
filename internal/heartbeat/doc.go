// SPDX-License-Identifier: Apache-2.0

// Package heartbeat is the form in which the operator records up to when it has
// recorded everything, and the times that nobody observed: two ConfigMaps in its
// own namespace. The leader writes them; the leader after it and the kubectl
// plugin read them. It does no I/O, and decides nothing.
package heartbeat
