// SPDX-License-Identifier: Apache-2.0

// Package hosting has what the packages below it share, each of which looks at
// one kind of platform that Applications run on.
package hosting

import "kdz.mainz.de/operator/api/v1alpha1"

// MaxComponents bounds System.Components.
const MaxComponents = 8

// System is what status shows of a host, an instance or a workload.
type System struct {
	// Total is how many components it tells of.
	Total int
	// Components that are not Up, worst first, at most MaxComponents.
	Components []Component
}

// Component is a part of a system that is not Up.
type Component struct {
	Name    string
	State   v1alpha1.ComponentState
	Message string
}
