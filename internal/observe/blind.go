// SPDX-License-Identifier: Apache-2.0

package observe

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"
)

const (
	// longAgo is an instant before all others.
	longAgo = math.MinInt64 / 2
	// proofWindow is how near in time something else must have answered for a
	// failure on the way to count.
	proofWindow = 10 * time.Second
	// blindPatience is how long nobody is called Unknown while we are blind.
	blindPatience = 5 * time.Minute
	// unknownRate is how many checks a second become Unknown after that.
	unknownRate = 50
	// witnessEvery is the least time between two questions to the witness.
	witnessEvery = time.Second
	// witnessTimeout is what the witness has to answer.
	witnessTimeout = 5 * time.Second
)

// suspicion is a failure on the way that waits for proof that the way works.
type suspicion struct {
	question *question
	answer   answer
	at       int64 // monotonic; when it failed
}

// sighting is when a network answered last.
type sighting struct {
	network network
	at      int64 // monotonic
}

// sight says whether we can see at all. A failure that the network between may
// be to blame for counts against its target if another network, or the witness,
// answers within 10 s after it. What answered before proves little, since the
// line may have been cut in between, so it serves only where there is no
// witness to ask. If nothing at all answers in that time we are blind: streaks
// freeze, and a gap begins where the first of those failures began. If
// something answered, but nothing that proves anything for that target, the
// failure alone is dropped.
type sight struct {
	witnessed bool     // there is a witness
	latest    sighting // the network that answered last
	other     sighting // and the last one that is another than that
	anything  int64    // when anything answered last
	witness   int64    // when the witness did
	asked     int64    // when the witness was asked last
	asking    bool
	blind     bool
	since     instant // of blindness, the present or the last one
	ended     instant // of the last one
	darkSince instant // of blindness or distrust, the present or the last one
	darkEnded instant // of the last one
	open      map[network][]suspicion
	count     int   // of open suspicions
	doubt     int64 // when the first failure came since anything answered

	distrusted      bool
	distrust        string  // why
	distrustedSince instant // the present or the last time
	trusted         int64   // since when again
	rejections      map[*question]Result
}

func newSight(witnessed bool) sight {
	return sight{
		witnessed: witnessed,
		latest:    sighting{at: longAgo},
		other:     sighting{at: longAgo},
		anything:  longAgo,
		witness:   longAgo,
		asked:     longAgo,
		since:     instant{mono: longAgo},
		ended:     instant{mono: longAgo},
		darkSince: instant{mono: longAgo},
		darkEnded: instant{mono: longAgo},
		trusted:   longAgo,
		open:      map[network][]suspicion{},
	}
}

// uneasy reports whether something has to be found out.
func (s *sight) uneasy() bool { return s.blind || s.count > 0 }

// doubting reports whether it may turn out soon that we are blind already.
func (s *sight) doubting() bool { return s.count > 0 && s.anything < s.doubt }

// saw notes that something in the network answered.
func (s *sight) saw(n network, now int64) {
	s.anything = now
	if !n.known() {
		return
	}
	if s.latest.network != n {
		s.other = s.latest
	}
	s.latest = sighting{network: n, at: now}
}

// proves reports whether the way was seen to work for a failure in the network
// at the given time. Of an unknown network we know only that of two networks
// that answered at least one is another.
func (s *sight) proves(n network, at int64) bool {
	if !s.witnessed {
		at -= int64(proofWindow)
	}
	if s.witness >= at {
		return true
	}
	seen := s.other
	if n.known() && s.latest.network != n {
		seen = s.latest
	}
	return seen.network.known() && seen.at >= at
}

// suspect keeps a failure until it is proven or too old.
func (s *sight) suspect(n network, open suspicion) {
	if !s.doubting() {
		s.doubt = open.at
	}
	s.open[n] = append(s.open[n], open)
	s.count++
	open.question.undecided++
}

// take removes and returns from each network the oldest suspicions for which
// keep is false.
func (s *sight) take(ready func(network, *suspicion) bool) []suspicion {
	var taken []suspicion
	for n, list := range s.open {
		i := 0
		for i < len(list) && ready(n, &list[i]) {
			list[i].question.undecided--
			i++
		}
		if i == 0 {
			continue
		}
		taken = append(taken, list[:i]...)
		if i == len(list) {
			delete(s.open, n)
		} else {
			s.open[n] = slices.Clone(list[i:])
		}
	}
	s.count -= len(taken)
	slices.SortStableFunc(taken, func(a, b suspicion) int {
		return int(min(max(a.answer.start.mono-b.answer.start.mono, -1), 1))
	})
	return taken
}

// covers reports whether what was covered until then is covered on, because we
// were in the dark at that time or since.
func (s *sight) covers(until int64) bool {
	return !s.dark() && s.darkEnded.mono > longAgo && until >= s.darkSince.mono
}

// weigh decides about a failure that the way may be to blame for.
func (e *Engine) weigh(q *question, a *answer, now instant) {
	n := q.target.network
	switch {
	case e.sight.blind || a.start.mono < e.sight.ended.mono:
		// Nothing that was sent while we were blind proves anything.
	case e.sight.proves(n, now.mono):
		e.deliver(q, a, now)
	default:
		e.sight.suspect(n, suspicion{question: q, answer: *a, at: now.mono})
		e.askWitness(now)
	}
}

// see notes that the target answered.
func (e *Engine) see(t *target, now instant) {
	e.sight.saw(t.network, now.mono)
	e.resolve(now)
}

// witnessed notes what the witness said.
func (e *Engine) witnessed(err error, now instant) {
	e.sight.asking = false
	if err != nil {
		return
	}
	e.sight.witness, e.sight.anything = now.mono, now.mono
	e.resolve(now)
}

// resolve is called when something answered: blindness ends, and failures are
// delivered that are proven now.
func (e *Engine) resolve(now instant) {
	if e.sight.blind {
		e.endBlindness(now)
	}
	if e.sight.count == 0 {
		return
	}
	proven := e.sight.take(func(n network, s *suspicion) bool { return e.sight.proves(n, s.at) })
	for i := range proven {
		e.deliver(proven[i].question, &proven[i].answer, now)
	}
	e.unhold(proven)
}

// lookAround gives up on suspicions that nothing proved in time, and asks the
// witness again if any are left or we are blind.
func (e *Engine) lookAround(now instant) {
	old := e.sight.take(func(_ network, s *suspicion) bool { return now.mono-s.at > int64(proofWindow) })
	if len(old) > 0 {
		if e.sight.anything < old[0].at {
			e.beginBlindness(&old[0], now)
		} else {
			e.dropUnproven(old, now)
		}
		e.unhold(old)
	}
	if e.sight.uneasy() {
		e.askWitness(now)
	}
}

// dropUnproven is for failures that nothing proved, though something answered.
func (e *Engine) dropUnproven(old []suspicion, now instant) {
	for i := range old {
		a := &old[i].answer
		if message := a.result.Message + " Nothing proves that the way there works."; len(message) <= MaxMessageLength {
			a.result.Message = message
		}
		a.result.Reason, a.result.Outcome = ReasonPathUnconfirmed, OutcomeInconclusive
		e.deliverDoubt(old[i].question, a, now)
	}
}

// unhold is for failures that wait for proof no more: they hold off silence no
// longer.
func (e *Engine) unhold(decided []suspicion) {
	for i := range decided {
		q := decided[i].question
		if q.undecided > 0 {
			continue
		}
		for _, c := range q.checks {
			if c.cover < e.lapses.at(c.place) && c.shown.state != codeUnknown {
				e.lapses.move(c.place, c.cover)
			}
		}
	}
}

// beginBlindness is called when nothing has answered since the failure.
func (e *Engine) beginBlindness(first *suspicion, now instant) {
	since := first.answer.start
	if late := e.sight.anything - since.mono; late > 0 {
		since.mono += late
		since.wall += late
	}
	e.unhold(e.sight.take(func(network, *suspicion) bool { return true }))
	e.darken(since, now)
	e.sight.blind, e.sight.since = true, since
	e.tellGap("Blind: nothing at all can be reached; outages are not judged meanwhile",
		Gap{From: wallTime(since.wall), Reason: GapBlind})
}

func (e *Engine) endBlindness(now instant) {
	e.sight.blind, e.sight.ended = false, now
	e.sight.lighten(now)
	e.tellGap("No longer blind", Gap{From: wallTime(e.sight.since.wall), To: wallTime(now.wall), Reason: GapBlind})
}

// askWitness asks the witness unless it is being asked, or was just now.
func (e *Engine) askWitness(now instant) {
	if e.options.Witness == nil || e.sight.asking || now.mono-e.sight.asked < int64(witnessEvery) {
		return
	}
	e.sight.asking, e.sight.asked = true, now.mono
	e.witness()
}

// startWitness asks the witness in a goroutine of its own.
func (e *Engine) startWitness() {
	e.workers.Go(func() {
		ctx, cancel := context.WithTimeout(e.context, witnessTimeout)
		defer cancel()
		err := e.callWitness(ctx)
		e.mu.Lock()
		defer e.mu.Unlock()
		e.witnessed(err, e.clock())
	})
}

// callWitness asks the witness and takes its panic for a no.
func (e *Engine) callWitness(ctx context.Context) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("the witness panicked: %v", broken)
			e.options.Logger.Error(err, "The witness failed by a fault of the operator")
		}
	}()
	return e.options.Witness(ctx)
}

// watchClocks notices that the wall clock was set or stood still.
func (e *Engine) watchClocks(now instant) {
	offset := now.wall - now.mono
	step := offset - e.lastOffset
	e.lastOffset = offset
	if max(step, -step) <= int64(maxClockStep) {
		return
	}
	e.offset = offset
	gap := Gap{From: wallTime(now.wall - max(step, 0)), To: wallTime(now.wall - min(step, 0)), Reason: GapClockStepped}
	e.tellGap("The wall clock was set, or the machine slept", gap)
}

// maxClockStep is how far wall clock and monotonic clock may part at once.
const maxClockStep = 2 * time.Second
