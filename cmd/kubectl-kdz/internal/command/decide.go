// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/decision"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/manifest"
	"kdz.mainz.de/operator/internal/judge/calendar"
)

// maxPatches is how often a decision is added to a Project of which the status
// is written meanwhile.
const maxPatches = 5

// deciding are the flags of `kubectl kdz project decide`.
type deciding struct {
	writing
	body, outcome, reference, decidedOn string
	rank                                int32
	grounds                             v1alpha1.DecisionGrounds
	note                                string
}

// projectDecide is `kubectl kdz project decide`.
func (t *tool) projectDecide() *cobra.Command {
	d := &deciding{}
	cmd := &cobra.Command{
		Use:   "decide PROJECT --body BODY --outcome OUTCOME --reference REFERENCE",
		Short: "Record a body's decision on a project",
		Long: "Shows the request of a Project and the decisions so far, asks, and adds a decision\n" +
			"to spec.decisions in your own name. A decision is never changed or removed: a body\n" +
			"that thinks otherwise records a further one under a reference of its own.",
		Example: "  kubectl kdz project decide online-terminvergabe -n amt-33 --body SteeringRound --outcome Approved --reference SR-2026-06 --rank 3\n" +
			"  kubectl kdz project decide -f project.yaml --body Conference --outcome Deferred --reference K-2026-02 --decided-by conference@example.org -o yaml",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: t.complete("Project", true, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := d.check(args); err != nil {
				return err
			}
			if d.file != "" {
				return t.decisionOfFile(d, args)
			}
			if err := t.askable(&d.writing); err != nil {
				return err
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			return t.decide(cmd.Context(), c, d, args[0])
		},
	}
	t.flags.AddFlags(cmd.Flags())
	f := cmd.Flags()
	f.StringVar(&d.body, "body", "", "body that decided: "+strings.Join(decision.Bodies(), " or "))
	f.StringVar(&d.outcome, "outcome", "", "what it decided: "+strings.Join(decision.Outcomes(), ", "))
	f.StringVar(&d.reference, "reference", "", "reference under which the minutes hold the decision")
	f.StringVar(&d.decidedOn, "decided-on", "", "day of the decision, such as 2026-06-18; empty means today")
	f.Int32Var(&d.rank, "rank", 0, "place in the order of priority; 1 is first")
	f.StringVar(&d.grounds.Strategy, "strategy", "", "which strategic goal is served")
	f.StringVar(&d.grounds.Resources, "resources", "", "what was said of resources")
	f.StringVar(&d.grounds.Synergies, "synergies", "", "what was said of synergies")
	f.StringVar(&d.note, "note", "", "note of the body")
	d.addFlags(cmd, "decided-by", "user name of who records it, if not you (needs the right projects/onbehalf)")
	oneOf(cmd, "body", decision.Bodies())
	oneOf(cmd, "outcome", decision.Outcomes())
	oneOf(cmd, "output", []string{"yaml"})
	return cmd
}

func (d *deciding) check(args []string) error {
	for _, flag := range []struct {
		name, value string
		words       []string
	}{{"body", d.body, decision.Bodies()}, {"outcome", d.outcome, decision.Outcomes()}} {
		if !slices.Contains(flag.words, flag.value) {
			return fmt.Errorf("--%s is %q, but must be one of %s", flag.name, flag.value, strings.Join(flag.words, ", "))
		}
	}
	if d.decidedOn != "" {
		if _, err := time.Parse(time.DateOnly, d.decidedOn); err != nil {
			return fmt.Errorf("--decided-on is %q, but must be a day, such as 2026-06-18", d.decidedOn)
		}
	}
	switch {
	case d.reference == "":
		return errors.New("--reference is missing: under which reference do the minutes of the body hold the decision?")
	case d.rank < 0:
		return fmt.Errorf("--rank is %d, but the first place is 1", d.rank)
	case len(args) == 0 && d.file == "":
		return errors.New("which Project? Name it")
	}
	return d.writing.check()
}

func (d *deciding) decision(today v1alpha1.Date) *v1alpha1.Decision {
	made := &v1alpha1.Decision{
		Body: v1alpha1.DecisionBody(d.body), Outcome: v1alpha1.DecisionOutcome(d.outcome), DecidedOn: v1alpha1.Date(d.decidedOn),
		Reference: d.reference, DecidedBy: v1alpha1.UserName(d.by), Note: d.note,
	}
	if made.DecidedOn == "" {
		made.DecidedOn = today
	}
	if d.rank != 0 {
		made.Rank = new(d.rank)
	}
	if d.grounds != (v1alpha1.DecisionGrounds{}) {
		made.Grounds = &d.grounds
	}
	return made
}

// decisionOfFile prints a decision on a Project of a file.
func (t *tool) decisionOfFile(d *deciding, args []string) error {
	all, err := read(t, d.file, manifest.Projects)
	if err != nil {
		return err
	}
	p, err := theOne(t, all, d.file, "Project", args)
	if err != nil {
		return err
	}
	made := d.decision(day(t.Clock.Now()))
	for _, why := range decision.Refused(p, made, made.DecidedBy) {
		t.warn("%s", why)
	}
	return t.printDecision(p, made)
}

func (t *tool) printDecision(p *v1alpha1.Project, made *v1alpha1.Decision) error {
	return t.printYAML(decision.Fragment(p, made), "Add the entry to spec.decisions of this Project in Git; do not apply it by itself.")
}

// day in Europe/Berlin.
func day(at time.Time) v1alpha1.Date {
	today, _ := calendar.Day(calendar.Location(), at.Unix())
	return today
}

// project reads a Project of the namespace.
func (c *cluster) project(ctx context.Context, name string) (*v1alpha1.Project, error) {
	p := &v1alpha1.Project{}
	there, err := c.get(ctx, c.namespace, name, p)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read the Project: %w", err)
	case !there:
		return nil, c.noSuch(ctx, "Project", name)
	case p.DecodingError != "":
		return nil, fmt.Errorf("the Project %s/%s cannot be read: %s", c.namespace, name, p.DecodingError)
	}
	return p, nil
}

// decide adds a decision to a Project of the cluster, or prints it.
func (t *tool) decide(ctx context.Context, c *cluster, d *deciding, name string) error {
	p, err := c.project(ctx, name)
	if err != nil {
		return err
	}
	me, err := c.whoami(ctx)
	if err != nil {
		return err
	}
	today := day(c.clock.now())
	made := d.decision(today)
	if made.DecidedBy == "" {
		made.DecidedBy = me
	}
	if d.onlyPrints() {
		for _, why := range decision.Refused(p, made, made.DecidedBy) {
			t.warn("%s", why)
		}
		return t.printDecision(p, made)
	}
	if refused := append(t.undecided(ctx, c, made, me), decision.Refused(p, made, me)...); len(refused) > 0 {
		return fmt.Errorf("nothing was recorded: %s", strings.Join(refused, "\n"))
	}
	if err := t.present(decision.Text(p, made), decision.Remarks(p, made, today)); err != nil {
		return err
	}
	if d.writes() && !d.yes {
		if yes, err := t.confirmed(ctx, fmt.Sprintf("Do you record for %s that the project is %s?", made.Body, made.Outcome)); err != nil || !yes {
			return errors.Join(errors.New("nothing was recorded"), err)
		}
	}
	recorded, err := c.record(ctx, p, made, d.options())
	if err != nil {
		return fmt.Errorf("nothing was recorded: %w", explain(err))
	}
	return t.written(&d.writing, recorded, fmt.Sprintf("project.kdz.mainz.de/%s decided: %s by %s under %s", name, made.Outcome, made.Body, made.Reference))
}

// undecided are the rights that are missing to record the decision, each in the
// words in which the server refuses. What cannot be asked is left to the server.
func (t *tool) undecided(ctx context.Context, c *cluster, made *v1alpha1.Decision, me v1alpha1.UserName) []string {
	as := fmt.Sprintf(" (you are %s, in namespace %s)", me, c.namespace)
	var missing []string
	if !t.allowed(ctx, c, "patch", "projects", "") {
		missing = append(missing, "you may not change Projects: have the platform team bind a role to you that may, such as kdz-steering-round"+as)
	}
	if !t.allowed(ctx, c, "create", "projects", decision.Right(made.Body)) {
		missing = append(missing, decision.MessageNoRight(made.Body)+as)
	}
	if made.DecidedBy != me && !t.allowed(ctx, c, "create", "projects", "onbehalf") {
		missing = append(missing, decision.MessageOtherName(me))
	}
	return missing
}

// record adds the decision to the Project as it was shown. That its status is
// written meanwhile does not matter; that its spec is, does.
func (c *cluster) record(ctx context.Context, shown *v1alpha1.Project, made *v1alpha1.Decision, dryRun []string) (*v1alpha1.Project, error) {
	tested := ""
	var last error
	for range maxPatches {
		p, err := c.project(ctx, shown.Name)
		if err != nil {
			return nil, err
		}
		if p.UID != shown.UID || !equality.Semantic.DeepEqual(p.Spec, shown.Spec) {
			return nil, errors.New("the Project was changed while you read: look at it again")
		}
		if p.ResourceVersion == tested {
			return nil, last // it is refused for what it is
		}
		tested = p.ResourceVersion
		patch, err := decision.Patch(p, made)
		if err != nil {
			return nil, err
		}
		last = c.writer.Patch(ctx, p, client.RawPatch(types.JSONPatchType, patch), &client.PatchOptions{
			DryRun: dryRun, FieldManager: fieldManager, FieldValidation: metav1.FieldValidationStrict,
		})
		if last == nil {
			return p, nil
		}
		if !apierrors.IsInvalid(last) && !apierrors.IsConflict(last) {
			return nil, last
		}
	}
	return nil, last
}
