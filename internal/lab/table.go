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

// Row says how one endpoint behaves.
type Row struct {
	// File and Line of the row, for messages.
	File string
	Line int
	// Unit by its number, Application and Endpoint by name.
	Unit, Application, Endpoint string
	// URL of the endpoint, as the Application declares it.
	URL string
	// Behaviour and Fault, unchecked.
	Behaviour Behaviour
	Fault     Fault
}

// at begins a message about the row.
func (r Row) at() string {
	return fmt.Sprintf("%s:%d: %s of %s of unit %s", r.File, r.Line, r.Endpoint, r.Application, r.Unit)
}

// ReadTable reads rows from CSV whose first line names the columns: unit,
// application, endpoint, url, lab (the behaviour) and fault, in any order and
// beside any others. The error names file, line and column. A table without a
// row is an error.
func ReadTable(r io.Reader, file string) ([]Row, error) {
	c := csv.NewReader(r)
	header, err := c.Read()
	if errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: is empty, not even column names", file)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	column := map[string]int{}
	for _, name := range []string{"unit", "application", "endpoint", "url", "lab", "fault"} {
		i := slices.Index(header, name)
		if i < 0 {
			return nil, fmt.Errorf("%s:1: has no column %s, only %s", file, name, strings.Join(header, ", "))
		}
		column[name] = i
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
		line, _ := c.FieldPos(0)
		rows = append(rows, Row{
			File: file, Line: line,
			Unit:        record[column["unit"]],
			Application: record[column["application"]],
			Endpoint:    record[column["endpoint"]],
			URL:         record[column["url"]],
			Behaviour:   Behaviour(record[column["lab"]]),
			Fault:       Fault(record[column["fault"]]),
		})
	}
	if len(rows) == 0 {
		return nil, fmt.Errorf("%s: has no row", file)
	}
	return rows, nil
}
