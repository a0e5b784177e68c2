// SPDX-License-Identifier: Apache-2.0

package hosting

import "kdz.mainz.de/operator/api/v1alpha1"

// Bounds of what a System tells, as the API has them.
const (
	// MaxComponents is how many components a System names.
	MaxComponents = 8
	// MaxComponentText bounds a Component's name and its message, in bytes.
	MaxComponentText = 128
)

// System is what a system tells of its parts. It is the Facts of a
// observe.Result that was read, and what status shows.
type System struct {
	// Total is how many components are judged, those that are Up included.
	Total int
	// Components that are not Up: the worst first, at most MaxComponents, each
	// name once.
	Components []Component
}

// Component is a part of a system that is not Up.
type Component struct {
	// Name of the process, the unit, the service or the filesystem; at most
	// MaxComponentText bytes.
	Name string
	// State of it; never Up.
	State v1alpha1.ComponentState
	// Message says what it shows, such as "97 % used"; at most MaxComponentText
	// bytes.
	Message string
}
