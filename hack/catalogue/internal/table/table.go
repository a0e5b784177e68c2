// SPDX-License-Identifier: Apache-2.0

// Package table reads the CSV tables of the Mainz catalogue and remembers
// where every value stands, so that whoever corrects a table is told the file,
// the line, the column and what would be right.
//
// The package knows nothing of units, applications or projects: what a value
// means is the matter of package mainz.
package table

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"
)

// Cell is one value of a table and the place where it stands.
type Cell struct {
	// File is the name of the table: "measures.csv".
	File string
	// Line and Column are where the value begins in the file, from 1 on.
	// Column counts bytes, as encoding/csv does.
	Line, Column int
	// Header is the name of the value's column.
	Header string
	// Value is the text of the cell, without its quotes.
	Value string
}

// Empty says that nothing is written in the cell.
func (c Cell) Empty() bool { return c.Value == "" }

// Place is where the cell stands, as "measures.csv:12:31".
func (c Cell) Place() string { return fmt.Sprintf("%s:%d:%d", c.File, c.Line, c.Column) }

// Problem returns what is wrong with the cell. The text says what would be
// right.
func (c Cell) Problem(format string, args ...any) *Problem {
	return &Problem{File: c.File, Line: c.Line, Column: c.Column, Header: c.Header, Text: fmt.Sprintf(format, args...)}
}

// Row is one line of a table; a quoted value may let it span several.
type Row struct {
	cells map[string]Cell
}

// Cell returns the cell of a column. It panics for a column that was not
// asked for when the table was read: that is a mistake in the program, not in
// the table.
func (r Row) Cell(header string) Cell {
	c, ok := r.cells[header]
	if !ok {
		panic(fmt.Sprintf("table: column %q was not declared", header))
	}
	return c
}

// Get returns the value of a column and panics as Cell does.
func (r Row) Get(header string) string { return r.Cell(header).Value }

// Read reads the rows of a table. Its first line must name exactly the given
// columns in their order, every line must have as many values, and no value
// may begin or end with a blank. Whatever is wrong is added to problems; the
// rows that can be used are returned.
func Read(fsys fs.FS, file string, columns []string, problems *Problems) []Row {
	content, err := fs.ReadFile(fsys, file)
	if err != nil {
		problems.Add(&Problem{File: file, Text: fmt.Sprintf("cannot be opened: %v", err)})
		return nil
	}
	reader := csv.NewReader(bytes.NewReader(content))
	reader.FieldsPerRecord = -1
	var rows []Row
	for first := true; ; first = false {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			if first {
				problems.Add(&Problem{File: file, Line: 1, Column: 1, Text: "is empty; its first line must be " + strings.Join(columns, ",")})
			}
			return rows
		}
		if err != nil {
			problems.Add(parseProblem(file, err))
			return rows
		}
		cells := place(reader, file, record, columns)
		if first {
			if !checkHeader(cells, columns, problems) {
				return nil
			}
			continue
		}
		if row, ok := newRow(cells, columns, problems); ok {
			rows = append(rows, row)
		}
	}
}

// parseProblem turns an error of encoding/csv into a Problem.
func parseProblem(file string, err error) *Problem {
	p := &Problem{File: file, Text: fmt.Sprintf("cannot be read: %v", err)}
	if parse, ok := errors.AsType[*csv.ParseError](err); ok {
		p.Line, p.Column = parse.Line, parse.Column
		p.Text = fmt.Sprintf("%v; write a value with quotes as \"say \"\"so\"\"\"", parse.Err)
	}
	return p
}

// place says of each value of a record where it stands.
func place(reader *csv.Reader, file string, record, columns []string) []Cell {
	cells := make([]Cell, len(record))
	for i, value := range record {
		line, column := reader.FieldPos(i)
		cells[i] = Cell{File: file, Line: line, Column: column, Value: value}
		if i < len(columns) {
			cells[i].Header = columns[i]
		}
	}
	return cells
}

// checkHeader reports whether the first line names the columns.
func checkHeader(cells []Cell, columns []string, problems *Problems) bool {
	for i, want := range columns {
		if i >= len(cells) {
			last := cells[len(cells)-1]
			problems.Add(last.Problem("column %q is missing after this one; the first line must be %s", want, strings.Join(columns, ",")))
			return false
		}
		if cells[i].Value != want {
			problems.Add(cells[i].Problem("column %q stands where %q is expected; the first line must be %s", cells[i].Value, want, strings.Join(columns, ",")))
			return false
		}
	}
	if len(cells) > len(columns) {
		problems.Add(cells[len(columns)].Problem("column %q is unknown; the first line must be %s", cells[len(columns)].Value, strings.Join(columns, ",")))
		return false
	}
	return true
}

// newRow makes a row of the cells of a line, if it can be used.
func newRow(cells []Cell, columns []string, problems *Problems) (Row, bool) {
	if len(cells) != len(columns) {
		at := cells[len(cells)-1]
		if len(cells) > len(columns) {
			at = cells[len(columns)]
		}
		problems.Add(at.Problem("the line has %d values where %d are expected; put a value that holds a comma into quotes", len(cells), len(columns)))
		return Row{}, false
	}
	row := Row{cells: make(map[string]Cell, len(cells))}
	for _, c := range cells {
		switch {
		case !utf8.ValidString(c.Value):
			problems.Add(c.Problem("the value is not UTF-8; save the file as UTF-8"))
		case c.Value != strings.TrimSpace(c.Value):
			problems.Add(c.Problem("%q begins or ends with a blank; write %q", c.Value, strings.TrimSpace(c.Value)))
		}
		row.cells[c.Header] = c
	}
	return row, true
}
