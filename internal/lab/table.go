// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Row says how one endpoint, system or backup behaves.
type Row struct {
	// File and Line of the row, for messages.
	File string
	Line int
	// Unit by its number, and Application by name.
	Unit, Application string
	// Endpoint, System or Source of backups that it is about, by name.
	Endpoint, System, Source string
	// URL of the endpoint or the system, as the Application declares it.
	URL string
	// Behaviour and Fault, unchecked.
	Behaviour Behaviour
	Fault     Fault
}

// at begins a message about the row.
func (r Row) at() string {
	return fmt.Sprintf("%s:%d: %s of %s of unit %s", r.File, r.Line, r.Endpoint+r.System+r.Source, r.Application, r.Unit)
}

// ReadTable reads rows from CSV whose first line names the columns: unit,
// application, endpoint or system, url, lab (the behaviour) and fault, in any
// order and beside any others. A table with a column source is one of backups,
// which have no url and no fault; of those without a behaviour there is no row.
// The error names file, line and column. A table without a row is an error.
func ReadTable(r io.Reader, file string) ([]Row, error) {
	c := csv.NewReader(r)
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: is empty, not even column names", file)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	column, err := columnsOf(header, file)
	if err != nil {
		return nil, err
	}
	var rows []Row
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		get := func(name string) string {
			if i, ok := column[name]; ok {
				return record[i]
			}
			return ""
		}
		line, _ := c.FieldPos(0)
		r := Row{
			File: file, Line: line, Unit: get("unit"), Application: get("application"),
			Endpoint: get("endpoint"), System: get("system"), Source: get("source"), URL: get("url"),
			Behaviour: Behaviour(get("lab")), Fault: Fault(get("fault")),
		}
		if _, backups := column["source"]; !backups || r.Behaviour != "" {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: has no row", file)
	}
	return rows, nil
}

// columnsOf says where the columns of a table stand that have to be there.
func columnsOf(header []string, file string) (map[string]int, error) {
	names := []string{"unit", "application", "endpoint", "url", "lab", "fault"}
	switch {
	case slices.Contains(header, "source"):
		names = []string{"unit", "application", "source", "lab"}
	case slices.Contains(header, "system"):
		names[2] = "system"
	}
	column := map[string]int{}
	for _, name := range names {
		i := slices.Index(header, name)
		if i < 0 {
			return nil, fmt.Errorf("%s:1: has no column %s, only %s", file, name, strings.Join(header, ", "))
		}
		column[name] = i
	}
	return column, nil
}

// place is what a row is about.
type place struct{ unit, application, endpoint, system, source string }

// places are the rows by what they are about.
type places struct {
	rows []Row
	by   map[place]Row
	used map[place]bool
}

func (r Row) place() place { return place{r.Unit, r.Application, r.Endpoint, r.System, r.Source} }

// byPlace sorts rows by what they are about. The errors are of those that stand
// twice.
func byPlace(rows []Row) (*places, []error) {
	p := &places{rows: rows, by: map[place]Row{}, used: map[place]bool{}}
	var errs []error
	for _, r := range rows {
		if other, ok := p.by[r.place()]; ok {
			errs = append(errs, fmt.Errorf("%s: stands in line %d already", r.at(), other.Line))
		}
		p.by[r.place()] = r
	}
	return p, errs
}

// take returns the row about a place, and notes that it is used.
func (p *places) take(of place) (Row, bool) {
	p.used[of] = true
	r, ok := p.by[of]
	return r, ok
}

// unused are the errors of rows that nobody has taken.
func (p *places) unused() []error {
	var errs []error
	for _, r := range p.rows {
		if !p.used[r.place()] {
			errs = append(errs, fmt.Errorf("%s: no Application of the catalogue has it", r.at()))
		}
	}
	return errs
}
