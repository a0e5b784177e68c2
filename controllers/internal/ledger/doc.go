// SPDX-License-Identifier: Apache-2.0

// Package ledger keeps what all accounts share: the heartbeat, which says up to
// when everything that was seen is recorded, and the times that nobody
// observed. Both are objects of the cluster that the leader alone writes. It
// judges no account and knows no Application.
package ledger
