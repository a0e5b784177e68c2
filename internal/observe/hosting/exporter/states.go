// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"bytes"
	"fmt"
)

// StateFamily is a family that has, for each name and each state that it may be
// in, a sample with labels name and state: 1 for the state that it is in, 0 for
// all others. Of the zeros only those of the usual state are kept, so that a name
// is known that is in no state.
func StateFamily(family, usual string) Family {
	label := fmt.Appendf(nil, "state=%q", usual)
	return Family{Name: family, Skip: func(line []byte) bool {
		return bytes.HasSuffix(line, []byte("} 0\n")) && !bytes.Contains(line, label)
	}}
}

// States returns the state that each name is in, by a StateFamily. It is empty
// if a name is in none of them. Fold, if it is not nil, makes one of names that
// are the same. The error says that something has two states, or is neither in a
// state nor not.
func (m Metrics) States(family string, fold func(string) string) (map[string]string, error) {
	states := map[string]string{}
	err := m.Each(family, func(s Sample) error {
		name, state := s.Label("name"), s.Label("state")
		if fold != nil {
			name = fold(name)
		}
		known := states[name]
		switch {
		case s.Value == 0:
			states[name] = known
		case s.Value != 1:
			return fmt.Errorf("tells the state of %s as %v, not as 0 or 1", name, s.Value)
		case known != "" && known != state:
			return fmt.Errorf("tells two states of %s", name)
		default:
			states[name] = state
		}
		return nil
	})
	return states, err
}

// Collectors returns of each collector that is on whether it succeeded, by the
// family that says so.
func (m Metrics) Collectors(family string) (map[string]bool, error) {
	succeeded := map[string]bool{}
	err := m.Each(family, func(s Sample) error {
		succeeded[s.Label("collector")] = s.Value == 1
		return nil
	})
	return succeeded, err
}
