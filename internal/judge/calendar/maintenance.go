// SPDX-License-Identifier: Apache-2.0

package calendar

import "kdz.mainz.de/operator/api/v1alpha1"

// Maintenance is a list of maintenance windows, ready to be asked. It is
// immutable and safe for concurrent use. Nil means none.
type Maintenance struct{}

// Named is time that has a name: that of its window.
type Named struct {
	Name  string
	Spans Spans
}

// NewMaintenance compiles maintenance windows. One that cannot be used is left
// out and named among the errors.
func NewMaintenance(windows []v1alpha1.MaintenanceWindow) (*Maintenance, []*WindowError) {
	panic("not built yet")
}

// Within returns the time of each window within the span, in the order of the
// list; windows without any are left out.
func (m *Maintenance) Within(span Span) []Named { panic("not built yet") }
