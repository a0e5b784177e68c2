// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
)

// declared says which instance somebody declared.
type declared struct{ host, number string }

// assigned is an instance of the list, and which declaration it is taken for.
type assigned struct {
	Instance

	// declared: somebody declared it, as what as says.
	declared bool
	as       declared
	// own: it is the one that was asked.
	own bool
}

// assign finds the declarations in the list of instances. A declaration is the
// entry of its number whose host has the same name, and if there is none, any
// entry of its number that nobody else is: the system knows its hosts by names,
// often virtual ones, that need not be those by which they are reached. The list
// is returned by host and number, since SAPControl keeps to no order.
func (r *reading) assign() []assigned {
	listed := make([]assigned, 0, len(r.facts.Instances))
	for _, i := range r.facts.Instances {
		listed = append(listed, assigned{Instance: i})
	}
	slices.SortStableFunc(listed, func(a, b assigned) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Number, b.Number))
	})
	take := func(d declared, fits func(*assigned) bool) {
		if slices.ContainsFunc(listed, func(a assigned) bool { return a.declared && a.as == d }) {
			return
		}
		for i := range listed {
			if a := &listed[i]; !a.declared && a.Number == d.number && fits(a) {
				a.declared, a.as, a.own = true, d, d == r.own
				return
			}
		}
	}
	// What was asked says itself by which name the system knows it.
	if r.facts.Host != "" {
		take(r.own, func(a *assigned) bool { return sameHost(a.Host, r.facts.Host) })
	}
	for _, d := range r.instances {
		take(d, func(a *assigned) bool { return sameHost(a.Host, d.host) })
	}
	take(r.own, func(a *assigned) bool { return sameHost(a.Host, r.own.host) })
	for _, d := range r.instances {
		take(d, func(*assigned) bool { return true })
	}
	take(r.own, func(*assigned) bool { return true })
	return listed
}

// sameHost reports whether two names are the same one, of which one may be
// without its domain.
func sameHost(a, b string) bool {
	if strings.EqualFold(a, b) {
		return true
	}
	if _, err := netip.ParseAddr(a); err == nil {
		return false
	}
	if _, err := netip.ParseAddr(b); err == nil {
		return false
	}
	shortA, domainA, _ := strings.Cut(a, ".")
	shortB, domainB, _ := strings.Cut(b, ".")
	return (domainA == "" || domainB == "") && strings.EqualFold(shortA, shortB)
}
