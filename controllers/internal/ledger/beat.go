// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"slices"
	"time"

	"kdz.mainz.de/operator/internal/heartbeat"
	"kdz.mainz.de/operator/internal/observe"
)

// copyEvery is how often the gaps object is told up to when everything is
// recorded.
const copyEvery = time.Hour

// Gap takes note of a time in which the engine could not see.
func (l *Ledger) Gap(g observe.Gap) {
	l.mu.Lock()
	noted := heldGap{gap: gap{From: g.From.UTC(), Reason: g.Reason}, began: g.From.UTC()}
	if !g.To.IsZero() {
		noted.To = g.To.UTC()
	}
	if i := slices.IndexFunc(l.held, func(h heldGap) bool { return h.lasts() && h.began.Equal(noted.began) }); i >= 0 {
		noted.From = l.held[i].From // another saw what was before
		l.held[i] = noted
	} else {
		l.held = append(l.held, noted)
	}
	l.trim()
	changed := l.publish()
	l.mu.Unlock()
	if changed {
		l.o.Changed()
	}
}

// trim keeps what is held within bounds: gaps that ended are merged. The caller
// holds mu.
func (l *Ledger) trim() {
	if len(l.held) <= MaxGaps {
		return
	}
	lasting, ended := split(l.held)
	l.held = lasting
	for _, g := range union(ended) {
		l.held = append(l.held, heldGap{gap: g})
	}
}

// split returns the gaps that last and those that have ended.
func split(held []heldGap) (lasting []heldGap, ended []gap) {
	for _, g := range held {
		if g.lasts() {
			lasting = append(lasting, g)
		} else {
			ended = append(ended, g.gap)
		}
	}
	return lasting, ended
}

// beat stores the gaps, and then up to when everything is recorded: if the
// second does not happen, too much counts as unobserved, never too little.
func (l *Ledger) beat(ctx context.Context) error {
	watermark := l.o.Observer.Watermark()
	swept, done := l.o.Observer.Swept()
	if done {
		l.endSinceBeat(swept)
	}
	if err := l.storeGaps(ctx); err != nil {
		return err
	}
	if !done {
		return nil // what is recorded ends where the last leader's word does
	}
	at := watermark.At
	l.mu.RLock()
	for _, g := range l.held {
		if g.From.Before(at) {
			at = g.From
		}
	}
	last := l.last
	l.mu.RUnlock()
	if !at.After(last.Recorded) {
		return nil
	}
	next := newBeat(watermark, at, last.Sequence+1, l.o.Identity)
	resourceVersion, err := l.write(ctx, l.beatVersion, &next)
	switch {
	case err == nil:
		l.acknowledge(next, resourceVersion)
		return nil
	case overtaken(err):
		return l.reconsider(ctx)
	}
	return err // whether it arrived is seen by the next one
}

// acknowledge takes note of the heartbeat that is stored.
func (l *Ledger) acknowledge(h heartbeat.Beat, resourceVersion string) {
	l.beatVersion = resourceVersion
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.Recorded.Before(l.last.Recorded) {
		h.Recorded = l.last.Recorded
	}
	l.last = h
}

// endSinceBeat ends the gap since the heartbeat of another, now that everything
// was looked at.
func (l *Ledger) endSinceBeat(at time.Time) {
	l.mu.Lock()
	for i := range l.held {
		if l.held[i].sinceBeat {
			l.held[i].To, l.held[i].sinceBeat = at.UTC(), false
		}
	}
	// All was looked at before that heartbeat: nothing is missing.
	l.held = slices.DeleteFunc(l.held, func(g heldGap) bool { return !g.lasts() && !g.To.After(g.From) })
	changed := l.publish()
	l.mu.Unlock()
	if changed {
		l.o.Changed()
	}
}

// storeGaps stores what has ended and is not stored.
func (l *Ledger) storeGaps(ctx context.Context) error {
	l.mu.RLock()
	_, ended := split(l.held)
	recorded := l.last.Recorded
	next := heartbeat.Gaps{Version: heartbeat.Version, Recorded: recorded, Gaps: union(l.stored, ended)}
	l.mu.RUnlock()
	if len(ended) == 0 && recorded.Sub(l.gapsRecorded) < copyEvery {
		return nil
	}
	resourceVersion, err := l.write(ctx, l.gapsVersion, &next)
	if overtaken(err) {
		// Another hand wrote it, or the cluster forgot: what both know holds.
		found, there, readErr := l.readGaps(ctx)
		if readErr != nil {
			return readErr
		}
		l.gapsVersion = there
		if len(ended) == 0 {
			return nil // a copy can wait until it is known who leads
		}
		if found != nil {
			next.Gaps = union(next.Gaps, found.Gaps)
		}
		resourceVersion, err = l.write(ctx, there, &next)
	}
	if err != nil {
		return err
	}
	l.gapsVersion, l.gapsRecorded = resourceVersion, recorded
	l.mu.Lock()
	l.stored = next.Gaps
	l.held = slices.DeleteFunc(l.held, func(g heldGap) bool { return slices.Contains(ended, g.gap) })
	changed := l.publish()
	l.mu.Unlock()
	if changed {
		l.o.Changed()
	}
	return nil
}

// reconsider finds out why the heartbeat is not as we wrote it.
func (l *Ledger) reconsider(ctx context.Context) error {
	found, resourceVersion, err := l.readBeat(ctx)
	if err != nil {
		return err
	}
	l.mu.RLock()
	last := l.last
	l.mu.RUnlock()
	switch {
	case found == nil:
		from, err := l.lastTrace(ctx)
		if err != nil {
			return err
		}
		l.beatVersion = resourceVersion
		l.rewind(from)
		return l.storeGaps(ctx)
	case found.Sequence == last.Sequence && found.Identity == last.Identity:
		l.beatVersion = resourceVersion // only its metadata changed
		return nil
	case found.Sequence > last.Sequence && found.Identity == l.o.Identity:
		l.acknowledge(*found, resourceVersion) // it arrived, and the answer got lost
		return nil
	case found.Sequence > last.Sequence:
		l.o.Logger.Info("another replica wrote the heartbeat; it leads", "identity", found.Identity, "sequence", found.Sequence)
		return nil
	}
	l.beatVersion = resourceVersion
	l.rewind(found.Recorded)
	return l.storeGaps(ctx)
}

// lastTrace is up to when everything was recorded in a cluster that has no
// heartbeat, as far as we know: as long as we do if only that is gone.
func (l *Ledger) lastTrace(ctx context.Context) (time.Time, error) {
	gaps, _, err := l.readGaps(ctx)
	if err != nil {
		return time.Time{}, err
	}
	return l.traceIn(gaps), nil
}

// traceIn is lastTrace by the gaps as they are in the cluster.
func (l *Ledger) traceIn(gaps *heartbeat.Gaps) time.Time {
	switch {
	case gaps == nil || !gaps.Recorded.Before(l.gapsRecorded):
		return l.Recorded()
	case gaps.Recorded.IsZero():
		return time.Unix(0, 0) // not a single heartbeat is remembered
	}
	return gaps.Recorded
}

// rewind begins anew in a cluster that forgot what was recorded after a moment.
func (l *Ledger) rewind(from time.Time) {
	now := l.Now()
	l.o.Logger.Info("the cluster forgot what was recorded: that time counts as unobserved", "from", from, "to", now, "reason", ReasonHistoryRewound)
	l.o.Observer.SettleBefore(now)
	l.mu.Lock()
	l.held = append(l.held, heldGap{gap: gap{From: from.UTC(), To: now.UTC(), Reason: ReasonHistoryRewound, Whole: true}})
	l.floor, l.floors = now, nil
	changed := l.publish()
	l.mu.Unlock()
	if changed {
		l.o.Changed()
	}
}
