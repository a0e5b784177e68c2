// SPDX-License-Identifier: Apache-2.0

package observe

import "slices"

// pool says which runs may begin. At most half of it is for questions that are
// likely to hold their place for long or might, the unproven ones; the other
// half is always there for those known to be well. Should one of those begin to
// hang and the pool be full, it is broken off and put again as an unproven one,
// so that the first minute of a great failure does not delay all others either.
type pool struct {
	size     int
	running  int
	unproven int                // of those running
	breaking int                // of those running, how many were broken off
	proven   fifo[*question]    // questions known to be well
	lanes    [3]fifo[*question] // unproven questions
	turn     lane               // whose turn it is
	long     fifo[*run]         // proven runs that take unusually long, oldest first
	taken    fifo[*run]         // has a place, and waits for a worker
	looking  int                // workers that are about to look for a run
	parked   int                // workers that sleep
}

// lane is a kind of unproven question. The lanes take turns, so that none waits
// for the others' backlog.
type lane int

const (
	laneFresh   lane = iota // never asked
	laneSuspect             // timed out the last time
	laneCrowded             // either, and others wait for its answer
)

// fifo is a queue. The zero value is empty.
type fifo[T any] struct {
	items []T
	head  int
}

func (f *fifo[T]) len() int { return len(f.items) - f.head }

func (f *fifo[T]) push(item T) { f.items = append(f.items, item) }

func (f *fifo[T]) peek() T { return f.items[f.head] }

func (f *fifo[T]) pop() T {
	var none T
	item := f.items[f.head]
	f.items[f.head] = none
	f.head++
	if f.head == len(f.items) {
		f.items, f.head = f.items[:0], 0
	} else if f.head > 1024 && f.head > len(f.items)/2 {
		f.items = slices.Delete(f.items, 0, f.head)
		f.head = 0
	}
	return item
}

// add puts a question in the queue where it belongs.
func (p *pool) add(q *question) {
	switch t := q.target; {
	case t.doubtful() && len(t.queue) > 1:
		p.lanes[laneCrowded].push(q)
	case t.timedOut || q.timedOut:
		p.lanes[laneSuspect].push(q)
	case !q.asked && !t.answered:
		p.lanes[laneFresh].push(q)
	default:
		p.proven.push(q)
	}
}

// choose returns the question that runs next, nil if none may. Of a proven and
// an unproven question the one goes first that waits longer.
func (p *pool) choose() (q *question, unproven bool) {
	proven := waiting(&p.proven)
	turn, found := p.nextLane()
	switch {
	case proven == nil && !found:
		return nil, false
	case !found || proven != nil && proven.queued <= p.lanes[turn].peek().queued:
		return p.proven.pop(), false
	default:
		p.turn = (turn + 1) % lane(len(p.lanes))
		return p.lanes[turn].pop(), true
	}
}

// nextLane returns the lane whose turn it is among those in which somebody
// waits, unless the unproven half is full.
func (p *pool) nextLane() (lane, bool) {
	if p.unproven >= p.size/2 {
		return 0, false
	}
	for i := range p.lanes {
		turn := (p.turn + lane(i)) % lane(len(p.lanes))
		if waiting(&p.lanes[turn]) != nil {
			return turn, true
		}
	}
	return 0, false
}

// waiting returns the first question of the queue that still waits, dropping
// those that were answered, withdrawn or put elsewhere meanwhile; nil if there
// is none.
func waiting(f *fifo[*question]) *question {
	for f.len() > 0 {
		if q := f.peek(); q.stage == stageReady {
			return q
		}
		f.pop()
	}
	return nil
}

// makeRoom breaks off runs that take unusually long, one for each proven
// question that waits for a place.
func (p *pool) makeRoom() {
	for p.running >= p.size && p.long.len() > 0 && waiting(&p.proven) != nil && p.breaking < p.proven.len() {
		r := p.long.pop()
		if r.question.run == r && !r.judged && !r.broken {
			r.broken = true
			p.breaking++
			r.cancel()
		}
	}
}
