// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// transitionCount is how many Applications change at once.
	transitionCount = 1000
	// rehearsed is how many more there are, with which both sides warm up.
	rehearsed = 32
	// durableRounds is how often it is done with fsync.
	durableRounds = 3
)

var statusRow = row{
	name: "status",
	about: fmt.Sprintf(`%d Applications go down at once, and up again at once: the reconciler as it runs in the operator, in a
manager with its cache, watches and Events, with an observer that is told the states. An operation is one transition:
the patch of the account, the status patch, and the Event that tells of it. It takes from the change until the last of all these writes is answered,
and costs the processor time of API server, etcd and controller. The limit is a client of controller-runtime that has
nothing to watch, to judge or to compare: it sends to other Applications of the same shape, %d at a time, the writes that
the reconciler sent, byte for byte but for names, identifiers and versions. Both have Applications that are new in each
round. The data of etcd are in memory; once they are on the disk, with an fsync at each write.`, transitionCount, inFlight),
	measure: measureStatus,
}

func measureStatus(ctx context.Context, b *bench) ([]line, error) {
	count := transitionCount
	if b.short {
		count /= 5
	}
	memory, err := b.transit(ctx, count, b.rounds, false)
	if err != nil {
		return nil, err
	}
	disk, err := b.transit(ctx, count/2, min(b.rounds, durableRounds), true)
	if err != nil {
		return nil, err
	}
	const what, bare = "status: transitions", "bare client"
	lines := []line{
		memory.line(comparison{what, side{}, side{name: bare}, perSecond, atLeast(0.85)}),
		memory.line(comparison{what, side{}, side{name: bare}, perCPU, atLeast(0.85)}),
		disk.line(comparison{what + ", etcd with fsync", side{}, side{name: bare}, perSecond, goal{}}),
	}
	ours := sum(memory.ours)
	each := func(name string) float64 {
		return ours.Values[name] * float64(len(memory.ours)) / float64(ours.Operations)
	}
	return append(lines, absolute("status: writes of a transition", each(statusPatches), number, fmt.Sprintf(
		"%s patches of the account, %s status patches, %s Events, %s of them refused as conflicts",
		number(each(accountWrites)), number(each(statusPatches)), number(each(eventWrites)), number(each(conflicts))), goal{})), nil
}

// transit has both sides take turns on a control plane of their own.
func (b *bench) transit(ctx context.Context, count, rounds int, durable bool) (t *turns, err error) {
	p, err := b.startPlane(ctx, durable)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Stop()) }()
	if err := errors.Join(p.found(ctx), p.revise(ctx)); err != nil {
		return nil, err
	}
	s := &stage{bench: b, plane: p, count: count}
	defer func() { err = errors.Join(err, s.clear()) }()
	what := "status"
	if durable {
		what += ", fsync"
	}
	return b.takeTurns(ctx, comparison{
		what: what, ours: side{leg: s.leg(0)}, theirs: side{"bare client", s.leg(1)}, figure: perCPU,
	}, rounds)
}

// stage is what both sides of a round work on.
type stage struct {
	bench *bench
	plane *plane
	count int
	// rounds and turns in this round so far.
	rounds, turns int
	// children of this round: the reconciler and the bare client.
	children [2]*child
}

// leg is one transition of all Applications of a side: first down, then up.
func (s *stage) leg(who int) leg {
	return func(ctx context.Context) (*sample, error) {
		if s.turns == 0 {
			if err := s.set(ctx); err != nil {
				return nil, err
			}
		}
		got, err := s.children[who].window(0)
		if err != nil {
			s.children[who] = nil
			return nil, err
		}
		if s.turns++; s.turns == 4 {
			return got, s.clear()
		}
		return got, nil
	}
}

// set makes new Applications, and begins both children. The bare client learns
// from files what the reconciler sends.
func (s *stage) set(ctx context.Context) error {
	s.rounds++
	folder, err := os.MkdirTemp(s.bench.dir, "writes")
	if err != nil {
		return err
	}
	for who, worker := range []string{"reconciler", "patcher"} {
		namespace := fmt.Sprintf("%s-%02d-%02d", rootUnit, who, s.rounds)
		if err := s.plane.newUnit(ctx, namespace); err != nil {
			return err
		}
		err := s.plane.createAll(ctx, s.count+rehearsed, func(n int) *v1alpha1.Application {
			return newApplication(namespace, namespace, n, v1alpha1.Endpoint{Name: "web", URL: "https://web.kdz.example/" + applicationName(n)})
		})
		if err != nil {
			return err
		}
		s.children[who], err = begin(ctx, worker, transitions{
			Kubeconfig: s.plane.operatorConfig, Namespace: namespace, Count: s.count, Folder: folder,
		})
		if err != nil {
			return err
		}
		s.children[who].charged = s.plane.charged(s.children[who].pid())
	}
	return nil
}

// clear ends the children of a round.
func (s *stage) clear() error {
	var errs []error
	for i, c := range s.children {
		if c != nil {
			errs = append(errs, c.end())
		}
		s.children[i] = nil
	}
	s.turns = 0
	return errors.Join(errs...)
}

// transitions is what the workers "reconciler" and "patcher" are told.
type transitions struct {
	// Kubeconfig is a file that says who they are.
	Kubeconfig string
	// Namespace has the Applications: Count, and those to rehearse with.
	Namespace string
	Count     int
	// Folder has a file for each kind of write.
	Folder string
}

// Names of the values of a sample: how many status patches and Events were
// answered, and how many of all were refused because of a conflict.
const (
	accountWrites = "accounts"
	statusPatches = "patches"
	eventWrites   = "events"
	conflicts     = "conflicts"
)

// file returns where a kind of write is kept.
func (t *transitions) file(kind string) string { return filepath.Join(t.Folder, kind) }

// writesWithin bounds how long writes are awaited.
const writesWithin = time.Minute
