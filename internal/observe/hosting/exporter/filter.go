// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// Bounds of what is read of an answer.
const (
	// MaxBody bounds the body, in bytes, before and after it is decompressed.
	MaxBody = 64 << 20
	// MaxHeader bounds the header, in bytes.
	MaxHeader = 64 << 10
	// MaxLine bounds a line, in bytes.
	MaxLine = 64 << 10
	// MaxKept bounds the lines of wanted families together, in bytes.
	MaxKept = 4 << 20
	// MaxSeries is how many series of wanted families there may be.
	MaxSeries = 20_000
	// MaxLabels is how many labels these may have together, and MaxLineLabels
	// each of them: the parser compares the labels of a line with each other.
	MaxLabels     = 5 * MaxSeries
	MaxLineLabels = 64
)

// What is wrong with a body.
var (
	errBodyTooLong   = errors.New("is longer than 64 MiB")
	errLineTooLong   = errors.New("has a line longer than 64 KiB")
	errManyLabels    = errors.New("has a series with more than 64 labels")
	errTooMuchWanted = errors.New("has more than 20000 series of what is asked for")
	errTruncated     = errors.New("ends within a line")
	errNoMetrics     = errors.New("is no text of metrics")
	errEncoding      = errors.New("it is encoded in a way that was not asked for")
)

// Family is a family of metrics that is wanted.
type Family struct {
	// Name of the metric.
	Name string
	// Skip says of the line of a sample, its end included, that it tells nothing
	// that is needed. It is asked before the line is understood, so it must say
	// so only of what it recognises. Nil means that all are needed.
	Skip func(line []byte) bool
}

// filter is an io.Reader of those lines of a body that belong to wanted
// families, comments on them included. It hands out whole lines only.
type filter struct {
	in     *bufio.Reader
	wanted map[string]*Family
	// name and family of the last sample: most are followed by another one of
	// the same family.
	name   []byte
	family *Family
	// rest of the line under way; it lies in the buffer of in.
	rest []byte
	err  error

	read, kept, series, labels int
}

// Read implements io.Reader.
func (f *filter) Read(p []byte) (n int, err error) {
	for n < len(p) {
		if len(f.rest) == 0 {
			if f.err != nil {
				break
			}
			f.rest, f.err = f.line()
			continue
		}
		copied := copy(p[n:], f.rest)
		n, f.rest = n+copied, f.rest[copied:]
	}
	if n > 0 {
		return n, nil
	}
	return 0, f.err
}

// line returns the next line if it is wanted, else nothing.
func (f *filter) line() ([]byte, error) {
	line, err := f.in.ReadSlice('\n')
	f.read += len(line)
	switch {
	case f.read > MaxBody:
		return nil, errBodyTooLong
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, errLineTooLong
	case err == io.EOF && len(line) > 0:
		return nil, errTruncated
	case err != nil:
		return nil, err
	}
	text := trimBlank(line)
	switch {
	case text[0] == '#':
		if name := commented(text[1:]); len(name) == 0 || f.wanted[string(name)] == nil {
			return nil, nil
		}
	case isNameByte(text[0]):
		wanted, err := f.sample(text)
		if !wanted || err != nil {
			return nil, err
		}
	case text[0] == '\n' || text[0] == '{' || text[0] == '"':
		return nil, nil
	default:
		return nil, errNoMetrics
	}
	if f.kept += len(line); f.kept > MaxKept {
		return nil, errTooMuchWanted
	}
	return line, nil
}

// sample reports whether the line of a sample is wanted.
func (f *filter) sample(text []byte) (bool, error) {
	if name := nameOf(text); !bytes.Equal(name, f.name) {
		f.name, f.family = append(f.name[:0], name...), f.wanted[string(name)]
	}
	if f.family == nil || f.family.Skip != nil && f.family.Skip(text) {
		return false, nil
	}
	f.series++
	labels := bytes.Count(text, []byte{'"'}) / 2
	if labels > MaxLineLabels {
		return false, errManyLabels
	}
	f.labels += labels
	if f.series > MaxSeries || f.labels > MaxLabels {
		return false, errTooMuchWanted
	}
	return true, nil
}

// commented returns the name that a comment is about, if it says its type or
// helps to understand it.
func commented(text []byte) []byte {
	text = trimBlank(text)
	for _, keyword := range []string{"TYPE", "HELP"} {
		if len(text) > len(keyword) && string(text[:len(keyword)]) == keyword && isBlank(text[len(keyword)]) {
			return nameOf(trimBlank(text[len(keyword):]))
		}
	}
	return nil
}

// nameOf returns the name that a line begins with.
func nameOf(text []byte) []byte {
	for i, b := range text {
		if !isNameByte(b) {
			return text[:i]
		}
	}
	return text
}

// trimBlank returns a line without leading blanks. What ends it is none.
func trimBlank(text []byte) []byte {
	for len(text) > 0 && isBlank(text[0]) {
		text = text[1:]
	}
	return text
}

func isBlank(b byte) bool { return b == ' ' || b == '\t' }

func isNameByte(b byte) bool {
	return 'a' <= b && b <= 'z' || b == '_' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == ':'
}
