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
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/interpreter"
)

// maxExpressionCost bounds the work of one evaluation, in the cost units of
// CEL: the bound that the API server has for one expression.
const maxExpressionCost = 1_000_000

// expression is a compiled bodyExpression.
type expression struct {
	program cel.Program
}

// expressionEnvironment is the standard library of CEL with optional fields
// (body.?status) and the variable body. It has no function whose cost is not
// accounted for.
var expressionEnvironment = sync.OnceValues(func() (*cel.Env, error) {
	return cel.NewEnv(cel.Variable("body", cel.DynType), cel.OptionalTypes(), cel.CrossTypeNumericComparisons(true))
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
		ast, issues := env.Compile(source)
		if err := issues.Err(); err != nil {
			return nil, invalid(field, "is no CEL expression: %s", firstIssue(issues))
		}
		if t := ast.OutputType(); !t.IsExactType(cel.BoolType) && !t.IsExactType(cel.DynType) {
			return nil, invalid(field, "must be true or false, not %s", t)
		}
		program, err := env.Program(ast,
			cel.CostLimit(maxExpressionCost), cel.InterruptCheckFrequency(1000), cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			return nil, invalid(field, "is no CEL expression that can be evaluated: %v", err)
		}
		return &expression{program: program}, nil
	})
}

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
	out, _, err := e.program.ContextEval(ctx, map[string]any{"body": value})
	var cancelled interpreter.EvalCancelledError
	switch {
	case errors.As(err, &cancelled):
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
