// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// completionTimeout is how long a shell waits for names.
const completionTimeout = 3 * time.Second

// complete offers the names of objects of a kind; at most one, or all that are
// not named yet. What cannot be read is not offered.
func (t *tool) complete(kind string, namespaced, several bool) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 && !several {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		ctx, cancel := context.WithTimeout(ctx, completionTimeout)
		defer cancel()
		c, err := t.connect()
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		namespace := ""
		if namespaced {
			namespace = c.namespace
		}
		all, err := c.names(ctx, namespace, kind)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var offered []string
		for _, n := range all {
			if strings.HasPrefix(n.name, prefix) && !slices.Contains(args, n.name) {
				offered = append(offered, n.name)
			}
		}
		return offered, cobra.ShellCompDirectiveNoFileComp
	}
}

// completeNamesAndFiles offers names of objects of the namespace, and files.
func (t *tool) completeNamesAndFiles(kind string) cobra.CompletionFunc {
	names := t.complete(kind, true, false)
	return func(cmd *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
		offered, directive := names(cmd, args, prefix)
		if len(args) == 0 {
			directive = cobra.ShellCompDirectiveDefault
		}
		return offered, directive
	}
}

// oneOf lets a flag be completed with one of few words.
func oneOf(cmd *cobra.Command, flag string, words []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is that of the line above
	}
}
