// SPDX-License-Identifier: Apache-2.0

package table

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Problem is something in a table that a person must mend.
type Problem struct {
	// File is the name of the table: "measures.csv".
	File string
	// Line and Column are where it stands, from 1 on; 0 if it is the matter
	// of the whole file.
	Line, Column int
	// Header is the name of the column, if one is concerned.
	Header string
	// Text says what is wrong and what would be right.
	Text string
}

// Error returns the problem as "measures.csv:12:31: state_2020: …".
func (p *Problem) Error() string {
	s := p.File
	if p.Line > 0 {
		s = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
	if p.Header != "" {
		s += ": " + p.Header
	}
	return s + ": " + p.Text
}

// Problems collects what is wrong, so that a person is told everything at
// once. The zero value is ready to use.
type Problems struct {
	list []*Problem
}

// Add adds a problem; nil is ignored.
func (ps *Problems) Add(p *Problem) {
	if p != nil {
		ps.list = append(ps.list, p)
	}
}

// List returns the problems by file, line and column.
func (ps *Problems) List() []*Problem {
	list := slices.Clone(ps.list)
	slices.SortStableFunc(list, func(a, b *Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return list
}

// Err returns all problems as one error, each on a line of its own, or nil if
// there is none.
func (ps *Problems) Err() error {
	var errs []error
	for _, p := range ps.List() {
		errs = append(errs, p)
	}
	return errors.Join(errs...)
}
