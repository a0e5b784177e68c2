// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/account"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/text"
)

// maxAnswer is how much of an answer is read, in bytes.
const maxAnswer = 1024

// warn tells something beside the output.
func (t *tool) warn(format string, args ...any) {
	_, _ = fmt.Fprintf(t.Streams.ErrOut, "warning: %s\n", text.Printable(fmt.Sprintf(format, args...)))
}

// noSuch says which name may have been meant, as far as names can be listed.
func (c *cluster) noSuch(ctx context.Context, kind, wanted string) error {
	message := fmt.Sprintf("there is no %s %q in namespace %s", kind, wanted, c.namespace)
	all, err := c.names(ctx, "", kind)
	if err != nil {
		if all, err = c.names(ctx, c.namespace, kind); err != nil {
			return errors.New(message)
		}
	}
	var here, elsewhere []string
	for _, n := range all {
		switch {
		case n.namespace == c.namespace:
			here = append(here, n.name)
		case n.name == wanted:
			elsewhere = append(elsewhere, n.namespace)
		}
	}
	switch near := account.Near(wanted, here); {
	case len(elsewhere) > 0:
		message += "; there is one in " + strings.Join(elsewhere[:min(5, len(elsewhere))], ", ") + " (-n " + elsewhere[0] + ")"
	case len(near) > 0:
		message += "; did you mean " + strings.Join(near, ", ") + "?"
	case len(here) == 0:
		message += ", nor any other"
	}
	return errors.New(message)
}

// present shows a person what is about to be written, and what is to be known
// before. It goes beside the output, which is for what was written.
func (t *tool) present(content string, remarks []string) error {
	if _, err := fmt.Fprintln(t.Streams.ErrOut, content); err != nil {
		return err
	}
	for _, remark := range remarks {
		t.warn("%s", text.OneLine(remark))
	}
	return nil
}

// confirmed asks, and returns whether the answer is yes, in full.
func (t *tool) confirmed(ctx context.Context, question string) (bool, error) {
	if _, err := fmt.Fprint(t.Streams.ErrOut, question+" Type yes: "); err != nil {
		return false, err
	}
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(io.LimitReader(t.Streams.In, maxAnswer)).ReadString('\n')
		answers <- answer{line, err}
	}()
	select {
	case <-ctx.Done(): // the terminal is still read from; the process ends
		return false, ctx.Err()
	case a := <-answers:
		if a.err != nil && !errors.Is(a.err, io.EOF) {
			return false, a.err
		}
		return strings.TrimSpace(a.line) == "yes", nil
	}
}
