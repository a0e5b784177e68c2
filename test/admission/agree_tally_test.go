// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"fmt"
	"strings"
	"testing"
)

// tellings are what tells the door's messages from each other, in its order.
var tellings = []string{
	"has not compiled the GovernancePolicy",
	"belongs to no unit",
	"belongs to unit",
	"is not a KDZ unit",
	"in spec.operation.unitRef of",
	"in spec.operation.supportUnitRef of",
	"is that of no state service",
	"may not declare a state service",
	"may not leave the provider Undetermined",
	"of origin Existing",
	"may not set or extend spec.operation.transition",
	"spec.operation.transition.dueOn is later",
	"may not set or extend spec.operation.review",
	"is procured by the unit itself",
	"is not provided by the KDZ",
}

// tally counts what came of requests.
type tally struct {
	refused  [15]int
	admitted int
	warned   int
}

func (s *tally) count(err error, warnings []string) {
	if len(warnings) > 0 {
		s.warned++
	}
	if err == nil {
		s.admitted++
		return
	}
	for i, telling := range tellings {
		if strings.Contains(err.Error(), telling) {
			s.refused[i]++
			return
		}
	}
}

// mustSuffice checks that nothing was seen so seldom that it shows nothing.
func (s *tally) mustSuffice(t *testing.T) {
	t.Helper()
	for i, n := range s.refused {
		if n < agreeRarest {
			t.Errorf("only %d requests were refused since it %s", n, tellings[i])
		}
	}
	if s.admitted < agreeAdmitted || s.warned < agreeRarest {
		t.Errorf("only %d requests were admitted, %d with a warning", s.admitted, s.warned)
	}
}

func (s *tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "admitted %d (warned of %d), refused:", s.admitted, s.warned)
	for i, n := range s.refused {
		fmt.Fprintf(&b, " %d:%d", i+1, n)
	}
	return b.String()
}
