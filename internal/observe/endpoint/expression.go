// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/overloads"
	"github.com/google/cel-go/common/types"
)

// expression is a compiled bodyExpression.
//
// The work of one evaluation is bounded by time (maxWork), looked at in each
// turn of a loop. CEL's own accounting of cost is not used: its effort grows
// with the square of the cost, so that it made 20,000 elements take seconds
// instead of milliseconds. For the bound to hold, nothing between two looks may
// grow beyond the size of the body. Therefore values cannot be bound to names
// and multiplied: there are the macros has, all, exists and exists_one, but not
// map and filter; lists and maps that are written in the expression hold
// constants only; and regular expressions are the matter of bodyPattern.
type expression struct {
	program cel.Program
}

// expressionEnvironment is the standard library of CEL, but for what is said
// at expression, and the variable body.
var expressionEnvironment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(
		cel.ClearMacros(), cel.Macros(cel.HasMacro, cel.AllMacro, cel.ExistsMacro, cel.ExistsOneMacro),
		cel.Variable("body", cel.DynType), cel.CrossTypeNumericComparisons(true))
})

// newExpression compiles a bodyExpression. The error is a *SpecError, unless
// CEL itself could not be set up.
func (f *Factory) newExpression(source string) (*expression, error) {
	const field = "http.bodyExpression"
	return f.expressions.get(source, func() (*expression, error) {
		env, err := expressionEnvironment()
		if err != nil {
			return nil, err
		}
		compiled, issues := env.Compile(source)
		if err := issues.Err(); err != nil {
			return nil, invalid(field, "is no CEL expression: %s", firstIssue(issues))
		}
		if t := compiled.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
			return nil, invalid(field, "must be true or false, not %s", t)
		}
		if err := bounded(compiled.NativeRep().Expr()); err != nil {
			return nil, err
		}
		program, err := env.Program(compiled, cel.InterruptCheckFrequency(1), cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			return nil, invalid(field, "is no CEL expression that can be evaluated: %v", err)
		}
		return &expression{program: program}, nil
	})
}

// bounded refuses what would make the work of an expression grow beyond the
// size of the body; see expression. The error is a *SpecError.
func bounded(root ast.Expr) error {
	const field = "http.bodyExpression"
	var found error
	ast.PreOrderVisit(root, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.CallKind:
			if e.AsCall().FunctionName() == overloads.Matches {
				found = invalid(field, "cannot use matches: use contains, startsWith or endsWith, or bodyPattern")
			}
		case ast.ListKind:
			for _, element := range e.AsList().Elements() {
				if !constant(element) {
					found = invalid(field, "a list that is written in it can hold constants only")
				}
			}
		case ast.MapKind, ast.StructKind:
			found = invalid(field, "cannot make maps or messages")
		}
	}))
	return found
}

func constant(e ast.Expr) bool { return e.Kind() == ast.LiteralKind || e.Kind() == ast.ListKind }

func firstIssue(issues *cel.Issues) string {
	for _, e := range issues.Errors() {
		return e.Message
	}
	return "it cannot be compiled"
}

// judge returns the fault if the expression is not true for body, which is
// what was read of it. No message quotes the body.
func (e *expression) judge(ctx context.Context, body []byte) *fault {
	if len(body) > MaxBody {
		return targetFault(ReasonBodyTooLarge, "The body is longer than 256 KiB, too long for bodyExpression.")
	}
	value, err := decode(body)
	if err != nil {
		return targetFault(ReasonBodyNotJSON, "The body is not JSON.")
	}
	ctx, cancel := context.WithTimeout(ctx, maxWork)
	defer cancel()
	out, _, err := e.program.ContextEval(ctx, map[string]any{"body": value})
	switch {
	case err != nil && ctx.Err() != nil:
		return localFault(ReasonCheckTooCostly, "To evaluate bodyExpression for this body takes too much work: a simpler one is needed.")
	case err != nil && strings.HasPrefix(err.Error(), "no such key"):
		return targetFault(ReasonBodyMismatch, "The body lacks a key that bodyExpression needs.")
	case err != nil:
		return targetFault(ReasonBodyMismatch, "The body is of a shape that bodyExpression cannot be evaluated for.")
	case out != types.True:
		return targetFault(ReasonBodyMismatch, "The body is not as bodyExpression wants it.")
	}
	return nil
}

// decode reads one JSON value. Whole numbers become integers, as they are in
// Kubernetes' own CEL; others, and those beyond 64 bits, become doubles.
func decode(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one value")
	}
	return numbers(v)
}

func numbers(v any) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		return v.Float64()
	case []any:
		for i := range v {
			if v[i], err = numbers(v[i]); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = numbers(v[k]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}
