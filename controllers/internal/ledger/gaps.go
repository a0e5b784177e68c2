// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"slices"
	"time"

	"kdz.mainz.de/operator/internal/heartbeat"
	"kdz.mainz.de/operator/internal/judge/availability"
)

// MaxGaps bounds the gaps that are stored.
const MaxGaps = 512

// Reasons of gaps, beside those that the observer gives.
const (
	// ReasonNobodyObserved: no replica observed: the operator was down, or had
	// not looked at everything yet.
	ReasonNobodyObserved = "NobodyObserved"
	// ReasonHistoryRewound: the cluster forgot what had been recorded: etcd was
	// restored, or the heartbeat replaced.
	ReasonHistoryRewound = "HistoryRewound"
	// ReasonHeartbeatLost: the heartbeat was gone or unreadable, so that up to
	// when something was recorded is known to the hour only.
	ReasonHeartbeatLost = "HeartbeatLost"
)

type gap = heartbeat.Gap

// heldGap is a gap that is not stored.
type heldGap struct {
	gap
	// sinceBeat: it began with the last heartbeat of another, and lasts until
	// this process has looked at everything.
	sinceBeat bool
	// began is From as the observer said it, who names the gap by it.
	began time.Time
}

func (g *heldGap) lasts() bool { return g.To.IsZero() }

func length(g gap) time.Duration { return g.To.Sub(g.From) }

// merge returns one gap in the place of two, a not beginning after b. Nothing
// that was unobserved becomes observed by it.
func merge(a, b gap) gap {
	merged := gap{From: a.From, To: a.To, Reason: a.Reason, Whole: a.Whole || b.Whole}
	if length(b) > length(a) {
		merged.Reason = b.Reason
	}
	if b.To.After(a.To) {
		merged.To = b.To
	}
	return merged
}

// union returns the gaps of several lists, all of which have ended, in order and
// none within reach of another of its kind, and at most MaxGaps of them: those
// nearest to each other are merged.
func union(lists ...[]gap) []gap {
	all := slices.Concat(lists...)
	all = slices.DeleteFunc(all, func(g gap) bool { return !g.To.After(g.From) })
	slices.SortFunc(all, func(a, b gap) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return b.To.Compare(a.To)
	})
	// The last of each kind; a Whole one may lie across others that are not.
	var joined []gap
	last := map[bool]int{}
	for _, g := range all {
		i, found := last[g.Whole]
		if found && !g.From.After(joined[i].To) {
			joined[i] = merge(joined[i], g)
			continue
		}
		last[g.Whole] = len(joined)
		joined = append(joined, g)
	}
	for len(joined) > MaxGaps {
		i := nearest(joined)
		joined[i] = merge(joined[i], joined[i+1])
		joined = slices.Delete(joined, i+1, i+2)
	}
	return joined
}

// nearest returns the index of the gap that is nearest to the one after it.
func nearest(gaps []gap) int {
	best, found := time.Duration(0), -1
	for i := range len(gaps) - 1 {
		if d := gaps[i+1].From.Sub(gaps[i].To); found < 0 || d < best {
			best, found = d, i
		}
	}
	return found
}

// publish makes what is stored and held what Gaps returns, and says whether
// that is another than before. The caller holds mu.
func (l *Ledger) publish() bool {
	gaps := slices.Clone(l.stored)
	for i := range l.held {
		gaps = append(gaps, l.held[i].gap)
	}
	slices.SortStableFunc(gaps, func(a, b gap) int { return a.From.Compare(b.From) })
	all := make([]availability.Gap, len(gaps))
	for i, g := range gaps {
		all[i] = availability.Gap{From: g.From, To: g.To, Whole: g.Whole}
	}
	same := slices.EqualFunc(all, l.all, func(a, b availability.Gap) bool {
		return a.From.Equal(b.From) && a.To.Equal(b.To) && a.Whole == b.Whole
	})
	l.all = all
	return !same
}
