// SPDX-License-Identifier: Apache-2.0

package pace

import "time"

// bucket of tokens, one more each spacing until there are burst of them. The
// zero value is full.
type bucket struct {
	// fullAt is when it is full again.
	fullAt time.Time
}

// wait returns how long it takes until there is a token, 0 if there is one. A
// clock that was put back does not make it take longer than a spacing.
func (b *bucket) wait(now time.Time, burst int, spacing time.Duration) time.Duration {
	if empty := now.Add(time.Duration(burst) * spacing); b.fullAt.After(empty) {
		b.fullAt = empty
	}
	spent := time.Duration(burst-1) * spacing
	return max(0, b.fullAt.Add(-spent).Sub(now))
}

// take takes a token.
func (b *bucket) take(now time.Time, spacing time.Duration) {
	if b.fullAt.Before(now) {
		b.fullAt = now
	}
	b.fullAt = b.fullAt.Add(spacing)
}

// full says whether it holds all its tokens.
func (b *bucket) full(now time.Time) bool { return !b.fullAt.After(now) }
