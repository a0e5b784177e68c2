// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/handover"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/manifest"
	"kdz.mainz.de/operator/internal/judge/acceptance"
)

// policyName is the name of the one GovernancePolicy that has effect.
const policyName = "default"

// handoverHash is `kubectl kdz handover hash`.
func (t *tool) handoverHash() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hash FILE|-|HANDOVER",
		Short: "Print the content hash of a handover",
		Long: "Prints the content hash that a signature under a Handover carries, and whose it\n" +
			"is. With the name of a file (that ends in .yaml, .yml or .json, or has a slash in\n" +
			"it) or - for the standard input it needs no cluster: what is reviewed in Git is\n" +
			"then what is signed. Else it is the name of a Handover in the cluster.",
		Example: "  kubectl kdz handover hash handover.yaml\n" +
			"  kubectl kdz handover hash termine -n amt-33",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: t.completeNamesAndFiles("Handover"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if isFile(args[0]) {
				return t.hashFile(args[0])
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			return t.hashObject(cmd.Context(), c, args[0])
		},
	}
	t.flags.AddFlags(cmd.Flags())
	return cmd
}

// isFile tells names of files from those of objects.
func isFile(arg string) bool {
	return arg == "-" || strings.ContainsAny(arg, `/\`) || slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(arg))
}

func (t *tool) hashFile(file string) error {
	handovers, err := read(t, file, manifest.Handovers)
	if err != nil {
		return err
	}
	for _, h := range handovers {
		if err := complete(h); err != nil {
			return fmt.Errorf("%s: %w", fileName(file), err)
		}
	}
	for _, h := range handovers {
		if err := t.printHash(h); err != nil {
			return err
		}
	}
	return nil
}

// complete is an error if something is missing that the API server would not
// let be missing: the hash would be that of no Handover.
func complete(h *v1alpha1.Handover) error {
	var missing []string
	for field, there := range map[string]bool{
		"metadata.name":               h.Name != "",
		"spec.projectRef.name":        h.Spec.ProjectRef.Name != "",
		"spec.applicationRefs":        len(h.Spec.ApplicationRefs) > 0,
		"spec.operationsUnitRef.name": h.Spec.OperationsUnitRef.Name != "",
	} {
		if !there {
			missing = append(missing, field)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return fmt.Errorf("the Handover %q lacks %s", h.Name, strings.Join(missing, ", "))
}

func (t *tool) hashObject(ctx context.Context, c *cluster, name string) error {
	h, err := c.handover(ctx, name)
	if err != nil {
		return err
	}
	if list := handover.Build(handover.Given{Handover: h, Now: t.Clock.Now()}); list.Outdated {
		t.warn("status.contentHash is %q: %s", h.Status.ContentHash, list.Why)
	}
	return t.printHash(h)
}

func (t *tool) printHash(h *v1alpha1.Handover) error {
	name := h.Name
	if h.Namespace != "" {
		name = h.Namespace + "/" + name
	}
	_, err := fmt.Fprintf(t.Streams.Out, "%s  %s\n", acceptance.Hash(&h.Spec), name)
	return err
}

// handover reads a Handover of the namespace.
func (c *cluster) handover(ctx context.Context, name string) (*v1alpha1.Handover, error) {
	h := &v1alpha1.Handover{}
	there, err := c.get(ctx, c.namespace, name, h)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the Handover: %w", err)
	case !there:
		return nil, c.noSuch(ctx, "Handover", name)
	case h.DecodingError != "":
		return nil, fmt.Errorf("the Handover %s/%s cannot be read: %s", c.namespace, name, h.DecodingError)
	}
	return h, nil
}

// handoverStatus is `kubectl kdz handover status`.
func (t *tool) handoverStatus() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "status HANDOVER",
		Short: "Show as a checklist how a handover stands, and what is missing",
		Long: "Shows the stage of a Handover, each check with its evidence, each criterion, who\n" +
			"has signed and who has not, and what is missing next. It shows what the operator\n" +
			"has judged, and says so where that is not of the Handover as it is now.",
		Example:           "  kubectl kdz handover status termine -n amt-33",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: t.complete("Handover", true, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" && output != "yaml" {
				return fmt.Errorf("--output is %q, but must be text, json or yaml", output)
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			h, err := c.handover(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return show(t.Streams.Out, handover.Build(t.around(cmd.Context(), c, h)), output)
		},
	}
	t.flags.AddFlags(cmd.Flags())
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, json or yaml")
	return cmd
}

// around reads what a checklist tells beside the Handover. What cannot be read
// is noted.
func (t *tool) around(ctx context.Context, c *cluster, h *v1alpha1.Handover) handover.Given {
	g := handover.Given{Handover: h, Now: t.Clock.Now()}
	policy := &v1alpha1.GovernancePolicy{}
	there, err := c.get(ctx, "", policyName, policy)
	if err == nil && !there {
		err = errors.New("there is none")
	}
	if err == nil && policy.DecodingError != "" {
		err = errors.New(policy.DecodingError)
	}
	if err != nil {
		g.Notes = append(g.Notes, fmt.Sprintf("The roles that must sign are those of an installation as it is shipped, since the GovernancePolicy cannot be read: %v", err))
	} else if g.Policy = policy.Spec.Handovers; g.Policy == nil {
		g.Policy = &v1alpha1.HandoverPolicy{}
	}
	if g.SignOffs, err = c.signOffs(ctx, c.namespace); err != nil {
		g.Notes = append(g.Notes, fmt.Sprintf("When they signed and what they said is not known, since SignOffs cannot be read: %v", err))
	}
	return g
}
