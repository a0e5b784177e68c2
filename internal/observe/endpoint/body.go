// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"io"
	"regexp"
	"regexp/syntax"
	"time"
	"unicode/utf8"
)

const (
	// maxPatternSize bounds what a bodyPattern compiles to, in instructions.
	// "[a-z]+" has 4; repetitions such as ".{500}" have many.
	maxPatternSize = 1000
	// easyWork is up to how many instructions times bytes a match is so quick,
	// some 100 ms, that it need not be watched.
	easyWork = 4 << 20
	// maxWork bounds how long it may take to compare one body with what is
	// expected.
	maxWork = time.Second
)

// pattern is a compiled bodyPattern.
type pattern struct {
	re *regexp.Regexp
	// size is how many instructions the expression compiles to.
	size int
}

// newPattern compiles a bodyPattern. The error is a *SpecError.
func (f *Factory) newPattern(expr string) (*pattern, error) {
	const field = "http.bodyPattern"
	return f.patterns.get(expr, func() (*pattern, error) {
		parsed, err := syntax.Parse(expr, syntax.Perl)
		if err != nil {
			return nil, invalid(field, "is no regular expression: %v", err)
		}
		prog, err := syntax.Compile(parsed.Simplify())
		if err != nil {
			return nil, invalid(field, "is no regular expression: %v", err)
		}
		if len(prog.Inst) > maxPatternSize {
			return nil, invalid(field, "is too large: its repetitions make %d instructions of it, at most %d are allowed", len(prog.Inst), maxPatternSize)
		}
		re, err := regexp.Compile(expr)
		if err != nil {
			return nil, invalid(field, "is no regular expression: %v", err)
		}
		return &pattern{re: re, size: len(prog.Inst)}, nil
	})
}

// judge returns the fault if body does not match.
func (p *pattern) judge(ctx context.Context, body []byte) *fault {
	var matched bool
	if p.size*len(body) <= easyWork {
		matched = p.re.Match(body)
	} else {
		ctx, cancel := context.WithTimeout(ctx, maxWork)
		defer cancel()
		watched := &watchedReader{ctx: ctx, rest: body}
		matched = p.re.MatchReader(watched)
		if watched.stopped && !matched {
			return localFault(ReasonCheckTooCostly, "To match bodyPattern with this body takes too long: a simpler one is needed.")
		}
	}
	if !matched {
		return targetFault(ReasonBodyMismatch, "The body does not match bodyPattern.")
	}
	return nil
}

// watchedReader reads runes until its context ends.
type watchedReader struct {
	ctx     context.Context
	rest    []byte
	count   int
	stopped bool
}

// ReadRune implements io.RuneReader.
func (w *watchedReader) ReadRune() (rune, int, error) {
	if w.count++; w.count&0x3ff == 0 && w.ctx.Err() != nil {
		w.stopped = true
	}
	if w.stopped || len(w.rest) == 0 {
		return 0, 0, io.EOF
	}
	r, n := utf8.DecodeRune(w.rest)
	w.rest = w.rest[n:]
	return r, n, nil
}
