// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// fieldManager as which objects are written. It must not begin with "kubectl":
// Flux takes over what such managers wrote (it undoes people's `kubectl apply`),
// would remove a decision that is not in Git, and be refused for ever.
const fieldManager = "kdz-plugin"

// writing are the flags of commands that write.
type writing struct {
	dryRun, yes  bool
	output, file string
	// by is in whose name it is written; empty means the own.
	by string
	// byFlag is the name of the flag for that.
	byFlag string
}

func (w *writing) addFlags(cmd *cobra.Command, byFlag, byUsage string) {
	w.byFlag = byFlag
	f := cmd.Flags()
	f.StringVar(&w.by, byFlag, "", byUsage)
	f.BoolVar(&w.dryRun, "dry-run", false, "have the API server examine it, and write nothing")
	f.BoolVar(&w.yes, "yes", false, "do not ask; for scripts")
	f.StringVarP(&w.output, "output", "o", "", "yaml prints the object for those who work through Git, and writes nothing")
	f.StringVarP(&w.file, "filename", "f", "", "with --output yaml: file to read instead of the cluster; - is the standard input")
}

func (w *writing) check() error {
	switch {
	case w.output != "" && w.output != "yaml":
		return fmt.Errorf("--output is %q, but must be yaml or left out", w.output)
	case w.file != "" && w.output == "":
		return errors.New("--filename needs --output yaml: what is written is about the object in the cluster")
	case w.file != "" && w.dryRun:
		return errors.New("--dry-run asks the API server, and --filename does without it: leave one out")
	case w.file != "" && w.by == "":
		return fmt.Errorf("--filename does without the API server, which knows your name: say it with --%s", w.byFlag)
	default:
		return nil
	}
}

// onlyPrints is whether nothing is written, nor examined by the API server.
func (w *writing) onlyPrints() bool { return w.output == "yaml" && !w.dryRun }

// writes is whether something is.
func (w *writing) writes() bool { return w.output == "" && !w.dryRun }

// askable is an error if somebody must be asked and cannot.
func (t *tool) askable(w *writing) error {
	if !w.writes() || w.yes || t.Terminal {
		return nil
	}
	return errors.New("nobody can be asked, since the standard input is no terminal: see with --dry-run what would be written, and write it with --yes")
}

// options of the request that writes.
func (w *writing) options() (dryRun []string) {
	if w.dryRun {
		return []string{metav1.DryRunAll}
	}
	return nil
}

// written says that it was, on a line.
func (t *tool) written(w *writing, o client.Object, line string) error {
	if w.output == "yaml" {
		o.SetManagedFields(nil)
		return t.printYAML(o, "")
	}
	if w.dryRun {
		line += " (server dry run)"
	}
	_, err := fmt.Fprintln(t.Streams.Out, line)
	return err
}

// printYAML prints an object, below a comment if there is one.
func (t *tool) printYAML(o client.Object, comment string) error {
	content, err := yaml.Marshal(o)
	if err != nil {
		return err
	}
	if comment != "" {
		comment = "# " + comment + "\n"
	}
	_, err = fmt.Fprintf(t.Streams.Out, "%s%s", comment, content)
	return err
}

// read reads objects of a file, or of the standard input.
func read[T any](t *tool, file string, from func(io.Reader) ([]T, error)) ([]T, error) {
	in := t.Streams.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	objects, err := from(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", fileName(file), err)
	}
	return objects, nil
}

func fileName(file string) string {
	if file == "-" {
		return "the standard input"
	}
	return file
}

// theOne is the object of a name or, without a name, the only one.
func theOne[T client.Object](t *tool, objects []T, file, kind string, args []string) (T, error) {
	var none T
	found := objects
	if len(args) == 1 {
		found = nil
		for _, o := range objects {
			if o.GetName() == args[0] {
				found = append(found, o)
			}
		}
	}
	switch len(found) {
	case 0:
		return none, fmt.Errorf("there is no %s %q in %s", kind, args[0], fileName(file))
	case 1:
		switch of, asked := found[0].GetNamespace(), *t.flags.Namespace; {
		case of == "":
			found[0].SetNamespace(asked)
		case asked != "" && asked != of:
			return none, fmt.Errorf("%s %s is of namespace %s in %s, and --namespace is %s", kind, found[0].GetName(), of, fileName(file), asked)
		}
		return found[0], nil
	default:
		return none, fmt.Errorf("there are %d of kind %s in %s: name one", len(found), kind, fileName(file))
	}
}

// whoami is the user name of who asks, letter by letter as the API server knows
// it.
func (c *cluster) whoami(ctx context.Context) (v1alpha1.UserName, error) {
	review := &authenticationv1.SelfSubjectReview{}
	if err := c.writer.Create(ctx, review); err != nil {
		return "", fmt.Errorf("ask the API server who you are: %w", err)
	}
	return v1alpha1.UserName(review.Status.UserInfo.Username), nil
}

// may asks whether who asks may do something with a resource of ours, such as
// "handovers/operations", in the namespace.
func (c *cluster) may(ctx context.Context, verb, resource, subresource string) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Group: v1alpha1.GroupName, Resource: resource, Subresource: subresource, Namespace: c.namespace, Verb: verb,
		},
	}}
	if err := c.writer.Create(ctx, review); err != nil {
		return false, fmt.Errorf("ask the API server what you may do: %w", err)
	}
	return review.Status.Allowed, nil
}
