// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/openslo"
)

// importOpenSLO is `kubectl kdz import openslo`.
func (t *tool) importOpenSLO() *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "openslo -f FILE",
		Short: "Translate SLOs of OpenSLO v1 into service levels, and print them",
		Long: "Reads documents of OpenSLO v1, at most 4 MiB, and prints a ServiceLevel for each\n" +
			"SLO. Nothing is applied. Each field that a ServiceLevel has no place for is named\n" +
			"on the standard error. A ServiceLevel that no body has decided is a finding of\n" +
			"the audit, and OpenSLO has no decisions: add it.",
		Example: "  kubectl kdz import openslo -f slo.yaml | kubectl apply -f -",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if file == "" {
				return errors.New("which file? --filename names it, and - is the standard input")
			}
			from := t.Streams.In
			if file != "-" {
				f, err := os.Open(file)
				if err != nil {
					return err
				}
				defer func() { _ = f.Close() }()
				from = f
			}
			return t.translate(from)
		},
	}
	cmd.Flags().StringVarP(&file, "filename", "f", "", "file to read; - is the standard input")
	return cmd
}

func (t *tool) translate(from io.Reader) error {
	result, err := openslo.Read(from)
	if err != nil {
		return err
	}
	for _, n := range result.Notes {
		if _, err := fmt.Fprintln(t.Streams.ErrOut, "note: "+n); err != nil {
			return err
		}
	}
	for i := range result.Levels {
		t.warn("ServiceLevel %s has no spec.decision: until a body approves it, it is a finding of the audit", result.Levels[i].Name)
	}
	content, err := result.YAML()
	if err != nil {
		return err
	}
	_, err = t.Streams.Out.Write(content)
	return err
}
