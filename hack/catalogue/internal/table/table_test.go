// SPDX-License-Identifier: Apache-2.0

package table

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, content string) ([]Row, *Problems) {
	t.Helper()
	var problems Problems
	fsys := fstest.MapFS{"t.csv": {Data: []byte(content)}}
	return Read(fsys, "t.csv", []string{"unit", "name", "note"}, &problems), &problems
}

func TestReadPlaces(t *testing.T) {
	rows, problems := read(t, "unit,name,note\n10,\"a, \"\"quoted\"\"\",\n16,\"two\nlines\",x\n")
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if len(rows) != 2 {
		t.Fatalf("rows: got %d, want 2", len(rows))
	}
	want := Cell{File: "t.csv", Line: 2, Column: 4, Header: "name", Value: `a, "quoted"`}
	if diff := cmp.Diff(want, rows[0].Cell("name")); diff != "" {
		t.Error(diff)
	}
	if !rows[0].Cell("note").Empty() || rows[0].Get("unit") != "10" {
		t.Error("the first row is not what was written")
	}
	if got := rows[1].Cell("note").Place(); got != "t.csv:4:8" {
		t.Errorf("a value after a line break stands at %s, want t.csv:4:8", got)
	}
}

func TestReadProblems(t *testing.T) {
	tests := []struct {
		name, content string
		place         string
		words         []string
		rows          int
	}{
		{"empty file", "", "t.csv:1:1: ", []string{"is empty", "unit,name,note"}, 0},
		{"wrong header", "unit,title,note\n10,a,\n", "t.csv:1:6: name: ", []string{`"title"`, `"name"`}, 0},
		{"missing header", "unit,name\n10,a\n", "t.csv:1:6: name: ", []string{`"note" is missing`}, 0},
		{"additional header", "unit,name,note,more\n", "t.csv:1:16: ", []string{`"more" is unknown`}, 0},
		{"too few values", "unit,name,note\n10,a\n12,b,c\n", "t.csv:2:4: name: ", []string{"2 values where 3 are expected", "quotes"}, 1},
		{"too many values", "unit,name,note\n10,a,b,c\n", "t.csv:2:8: ", []string{"4 values where 3 are expected"}, 0},
		{"bare quote", "unit,name,note\n10,a\"b,c\n", "t.csv:2:5: ", []string{"quote"}, 0},
		{"blank at the end", "unit,name,note\n10,a ,c\n", "t.csv:2:4: name: ", []string{`write "a"`}, 1},
		{"not UTF-8", "unit,name,note\n10,a\xff,c\n", "t.csv:2:4: name: ", []string{"UTF-8"}, 1},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			rows, problems := read(t, tc.content)
			err := problems.Err()
			if err == nil {
				t.Fatal("no problem was found")
			}
			if !strings.HasPrefix(err.Error(), tc.place) {
				t.Errorf("got %q, want it to begin with %q", err, tc.place)
			}
			for _, w := range tc.words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("got %q, want it to contain %q", err, w)
				}
			}
			if len(rows) != tc.rows {
				t.Errorf("got %d usable rows, want %d", len(rows), tc.rows)
			}
		})
	}
}

func TestReadMissingFile(t *testing.T) {
	var problems Problems
	if rows := Read(fstest.MapFS{}, "gone.csv", []string{"a"}, &problems); rows != nil {
		t.Errorf("rows of a missing file: %v", rows)
	}
	if err := problems.Err(); err == nil || !strings.HasPrefix(err.Error(), "gone.csv: cannot be opened") {
		t.Errorf("got %v", err)
	}
}

func TestUndeclaredColumnPanics(t *testing.T) {
	rows, _ := read(t, "unit,name,note\n10,a,b\n")
	defer func() {
		if recover() == nil {
			t.Error("an undeclared column did not panic")
		}
	}()
	rows[0].Get("typo")
}

func TestProblemsAreSortedAndJoined(t *testing.T) {
	var ps Problems
	ps.Add(nil)
	if ps.Err() != nil {
		t.Error("nothing was wrong, yet there is an error")
	}
	ps.Add(&Problem{File: "b.csv", Line: 1, Column: 1, Text: "third"})
	ps.Add(&Problem{File: "a.csv", Line: 9, Column: 1, Text: "second"})
	ps.Add(&Problem{File: "a.csv", Line: 2, Column: 7, Header: "x", Text: "first"})
	want := "a.csv:2:7: x: first\na.csv:9:1: second\nb.csv:1:1: third"
	if got := ps.Err().Error(); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
