// SPDX-License-Identifier: Apache-2.0

package state

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// rank orders kinds of cause from the root upwards: what an Application rests
// on comes before what it consists of.
func rank(k v1alpha1.CauseKind) int {
	switch k {
	case v1alpha1.CauseDependency:
		return 0
	case v1alpha1.CauseHosting:
		return 1
	default:
		return 2
	}
}

// cause names the part at the root of a state: a dependency before the
// hosting, the hosting before an endpoint, what is unplanned before what is in
// maintenance, the earliest first, then by name so that the choice is stable.
func cause(parts []Part) *v1alpha1.Cause {
	first := slices.MinFunc(parts, func(a, b Part) int {
		return cmp.Or(
			boolRank(a.InMaintenance)-boolRank(b.InMaintenance),
			rank(a.Kind)-rank(b.Kind),
			a.Since.Compare(b.Since),
			cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Name, b.Name),
		)
	})
	c := &v1alpha1.Cause{
		Kind:      first.Kind,
		Name:      first.Name,
		Namespace: v1alpha1.NamespaceName(first.Namespace),
		Reason:    first.Reason,
		Message:   sentence(first),
	}
	if n := len(parts) - 1; n > 0 {
		c.Message += fmt.Sprintf(" (and %d more)", n)
	}
	return c
}

func boolRank(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sentence says in one sentence what is the matter with a part.
func sentence(p Part) string {
	var subject string
	link := ": "
	switch p.Kind {
	case v1alpha1.CauseEndpoint:
		subject = "endpoint " + p.Name
	case v1alpha1.CauseHosting:
		subject = "hosting " + p.Name
	case v1alpha1.CauseDependency:
		subject = "dependency " + p.Name
		if p.Namespace != "" {
			subject = "dependency " + p.Namespace + "/" + p.Name
		}
		link = " " // its message goes on with "is out"
	default:
		return p.Message
	}
	if p.Message == "" {
		return subject + " is " + string(p.State)
	}
	// What a system tells of itself begins with its name already.
	return subject + link + strings.TrimPrefix(p.Message, p.Name+": ")
}
