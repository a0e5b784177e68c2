// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"slices"
	"time"

	"kdz.mainz.de/operator/internal/heartbeat"
)

// phaseSlack is how far apart two replicas may see one failure: they do not ask
// in the same instant, nor do their clocks say the same.
const phaseSlack = 30 * time.Second

// Lead is called when this replica begins to lead: it reads what the last
// leader recorded, and opens the gap since then.
func (l *Ledger) Lead(ctx context.Context, unchanged bool) error {
	l.exchange.Lock()
	defer l.exchange.Unlock()
	found, beatVersion, err := l.readBeat(ctx)
	if err != nil {
		return err
	}
	gaps, gapsVersion, err := l.readGaps(ctx)
	if err != nil {
		return err
	}
	l.mu.RLock()
	last := l.last
	l.mu.RUnlock()
	rewound := l.rewound(found, last)
	from := l.traceIn(gaps)
	l.beatVersion, l.below = beatVersion, 0
	l.adopt(gaps, gapsVersion)
	switch {
	case rewound:
		if found != nil {
			from = found.Recorded
		}
		l.dropSinceBeat(time.Time{})
		l.rewind(from)
	case unchanged && (found == nil || found.Identity == l.o.Identity || found.Sequence == last.Sequence):
		if found != nil {
			l.acknowledge(*found, beatVersion)
		}
		l.tellIfChanged()
	case found != nil:
		l.takeOver(*found, ReasonNobodyObserved)
	case gaps != nil:
		l.o.Logger.Info("there is no heartbeat, but there was one; what was recorded after its last trace counts as unobserved", "from", gaps.Recorded)
		l.takeOver(heartbeat.Beat{Recorded: gaps.Recorded}, ReasonHeartbeatLost)
	default:
		l.takeOver(heartbeat.Beat{}, "") // nobody ever recorded anything here
	}
	return nil
}

// rewound says whether the cluster forgot a heartbeat that we know of, and no
// leader has seen to it yet.
func (l *Ledger) rewound(found *heartbeat.Beat, last heartbeat.Beat) bool {
	switch {
	case last.Sequence == 0:
		return false
	case found == nil:
		return true
	case l.below > 0 && found.Sequence > l.below:
		return false
	}
	return found.Sequence < last.Sequence
}

// takeOver goes on where a heartbeat of another ends.
func (l *Ledger) takeOver(h heartbeat.Beat, reason string) {
	l.dropSinceBeat(h.Recorded)
	swept, done := l.o.Observer.Swept()
	if !h.Recorded.IsZero() {
		l.o.Observer.Resume(streaks(&h))
		l.o.Observer.SettleBefore(settled(&h))
	}
	l.mu.Lock()
	l.last = h
	l.floor, l.floors = h.Recorded, floors(&h)
	if !h.Recorded.IsZero() && (!done || swept.After(h.Recorded)) {
		l.held = append(l.held, heldGap{gap: gap{From: h.Recorded, Reason: reason}, sinceBeat: true})
	}
	l.mu.Unlock()
	l.tellIfChanged()
	if done {
		l.endSinceBeat(swept)
	}
	l.o.Logger.Info("took over from the last heartbeat", "recorded", h.Recorded, "sequence", h.Sequence, "pending", len(h.Pending))
}

// settled is the moment before which nothing that another process saw can be
// missing: a failure that was pending is recorded by nobody but its successor.
func settled(h *heartbeat.Beat) time.Time {
	at := h.Recorded
	for _, p := range h.Pending {
		if first := p.FirstFailure.Add(-phaseSlack); first.Before(at) {
			at = first
		}
	}
	return at
}

// floors are those of the checks whose failures were pending.
func floors(h *heartbeat.Beat) map[check]time.Time {
	all := map[check]time.Time{}
	for _, p := range streaks(h) {
		if p.FirstFailure.Before(h.Recorded) {
			all[check{p.Subscriber, p.Check}] = p.FirstFailure
		}
	}
	return all
}

// adopt takes over the gaps that are stored. What we know besides stays.
func (l *Ledger) adopt(gaps *heartbeat.Gaps, resourceVersion string) {
	l.gapsVersion, l.gapsRecorded = resourceVersion, time.Time{}
	l.mu.Lock()
	defer l.mu.Unlock()
	if gaps != nil {
		l.gapsRecorded = gaps.Recorded
		l.stored = union(l.stored, gaps.Gaps)
	}
}

// dropSinceBeat drops what another has made good that recorded everything until
// the given moment: our gap since an earlier heartbeat, and the times before in
// which we ourselves could not see.
func (l *Ledger) dropSinceBeat(recorded time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held = slices.DeleteFunc(l.held, func(g heldGap) bool {
		return g.sinceBeat || (!g.lasts() && !g.Whole && !g.To.After(recorded))
	})
	for i := range l.held {
		if g := &l.held[i]; !g.Whole && g.From.Before(recorded) {
			g.From = recorded.UTC()
		}
	}
}

// tellIfChanged tells of the gaps if they are others than were told last.
func (l *Ledger) tellIfChanged() {
	l.mu.Lock()
	changed := l.publish()
	l.mu.Unlock()
	if changed {
		l.o.Changed()
	}
}

// follow reads what the leader recorded, and forgets what that makes good.
func (l *Ledger) follow(ctx context.Context) error {
	found, beatVersion, err := l.readBeat(ctx)
	if err != nil {
		return err
	}
	gaps, gapsVersion, err := l.readGaps(ctx)
	if err != nil {
		return err
	}
	l.mu.RLock()
	last := l.last
	l.mu.RUnlock()
	switch {
	case found == nil:
		return nil // it is about to be written, or was lost: the leader sees to that
	case l.rewound(found, last):
		// History was rewound. Until the leader has seen to it, and goes on, it is
		// for us to remember, in case that we are the next.
		l.below = found.Sequence
		return nil
	}
	l.below = 0
	l.adopt(gaps, gapsVersion)
	l.acknowledge(*found, beatVersion)
	if found.Identity != l.o.Identity {
		l.dropSinceBeat(found.Recorded)
		l.o.Observer.SettleBefore(settled(found))
	}
	l.tellIfChanged()
	return nil
}
