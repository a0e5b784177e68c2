// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/account"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/openslo"
)

// exportOpenSLO is `kubectl kdz export openslo`.
func (t *tool) exportOpenSLO() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "openslo [SERVICELEVEL...]",
		Short: "Translate service levels into OpenSLO v1",
		Long: "Prints the ServiceLevels, or all of them, in OpenSLO v1: an SLO and a Service for\n" +
			"each Application under the level. What OpenSLO has no field for stands in\n" +
			"annotations and comments, and is named on the standard error.",
		Example:           "  kubectl kdz export openslo office-hours > office-hours.yaml",
		ValidArgsFunction: t.complete("ServiceLevel", false, true),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := t.connect()
			if err != nil {
				return err
			}
			return t.export(cmd.Context(), c, args)
		},
	}
	t.flags.AddFlags(cmd.Flags())
	return cmd
}

func (t *tool) export(ctx context.Context, c *cluster, wanted []string) error {
	levels, err := c.levels(ctx)
	if err != nil {
		return fmt.Errorf("list service levels: %w", err)
	}
	if levels, err = choose(levels, wanted); err != nil {
		return err
	}
	apps, err := c.applications(ctx, "")
	if err != nil {
		return fmt.Errorf("list Applications: %w", err)
	}
	under := map[string][]openslo.Application{}
	for i := range apps {
		if ref := apps[i].Spec.ServiceLevelRef; ref != nil {
			under[string(ref.Name)] = append(under[string(ref.Name)], openslo.Application{
				Namespace: apps[i].Namespace, Name: apps[i].Name, DisplayName: apps[i].Spec.DisplayName,
			})
		}
	}
	var problems []error
	for i := range levels {
		level := &levels[i]
		if level.DecodingError != "" {
			problems = append(problems, fmt.Errorf("ServiceLevel %s cannot be read: %s", level.Name, level.DecodingError))
			continue
		}
		e, err := openslo.FromLevel(level, under[level.Name])
		if err != nil {
			problems = append(problems, fmt.Errorf("ServiceLevel %s: %w", level.Name, err))
			continue
		}
		for _, w := range e.Warnings {
			t.warn("ServiceLevel %s: %s", level.Name, w)
		}
		if _, err := t.Streams.Out.Write(e.YAML); err != nil {
			return err
		}
	}
	return errors.Join(problems...)
}

// choose returns the levels that are wanted, all if none is, by name. It is an
// error, which names what may have been meant, if one does not exist.
func choose(levels []v1alpha1.ServiceLevel, wanted []string) ([]v1alpha1.ServiceLevel, error) {
	var names []string
	for i := range levels {
		names = append(names, levels[i].Name)
	}
	var problems []error
	for _, name := range wanted {
		if slices.Contains(names, name) {
			continue
		}
		message := fmt.Sprintf("there is no ServiceLevel %q", name)
		if near := account.Near(name, names); len(near) > 0 {
			message += "; did you mean " + strings.Join(near, ", ") + "?"
		}
		problems = append(problems, errors.New(message))
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if len(wanted) == 0 {
		return levels, nil
	}
	return slices.DeleteFunc(levels, func(l v1alpha1.ServiceLevel) bool { return !slices.Contains(wanted, l.Name) }), nil
}
