// SPDX-License-Identifier: Apache-2.0

package e2e

import "testing"

// What people write, and what servers do, may be anything: it is named, and
// harms nobody else.
func TestBadInput(t *testing.T) {
	p := startPlane(t)
	p.create(newUnit("kdz-16", ""))
	o := p.startOperator()
	t.Run("references", func(t *testing.T) { testReferences(t, p.in(t)) })
	t.Run("faults", func(t *testing.T) { testFaults(t, p.in(t)) })
	t.Run("egress", func(t *testing.T) { testEgress(t, p.in(t)) })
	t.Run("hanging", func(t *testing.T) { testHanging(t, p.in(t), o) })
}

// in is the plane for a part of the test.
func (p *plane) in(t *testing.T) *plane {
	part := *p
	part.t = t
	return &part
}
