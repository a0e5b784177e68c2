// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/yaml"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/account"
)

// availability is `kubectl kdz availability`.
func (t *tool) availability() *cobra.Command {
	var period, output, operator string
	var everywhere bool
	cmd := &cobra.Command{
		Use:   "availability [APPLICATION]",
		Short: "Show the account of an Application's availability, or how all stand",
		Long: "Shows what was agreed for an Application, what of it was kept in a period, and\n" +
			"the outages with what was subtracted from each and why. Without a name it lists\n" +
			"the Applications, those first that have least of their budget left in proportion.",
		Example: "  kubectl kdz availability civento -n amt-10\n" +
			"  kubectl kdz availability civento -n amt-10 --period 2026-10\n" +
			"  kubectl kdz availability -A -o json",
		Aliases:           []string{"avail"},
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: t.complete("Application", true, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			if output != "text" && output != "json" && output != "yaml" {
				return fmt.Errorf("--output is %q, but must be text, json or yaml", output)
			}
			switch {
			case len(args) == 1 && everywhere:
				return errors.New("a name and --all-namespaces exclude each other: an Application is in one namespace, see --namespace")
			case len(args) == 0 && period != "":
				return errors.New("--period needs the name of an Application")
			}
			c, err := t.connect()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				return t.showAccount(cmd.Context(), c, operator, args[0], period, output)
			}
			if everywhere {
				c.namespace = ""
			}
			return t.listAccounts(cmd.Context(), c, operator, output)
		},
	}
	t.flags.AddFlags(cmd.Flags())
	cmd.Flags().StringVar(&period, "period", "", "period to show, such as 2026-10, 2026-Q4 or 2026; empty means the one that runs")
	cmd.Flags().StringVarP(&output, "output", "o", "text", "text, json or yaml")
	cmd.Flags().BoolVarP(&everywhere, "all-namespaces", "A", false, "list the Applications of all namespaces")
	cmd.Flags().StringVar(&operator, "operator-namespace", "kdz-system", "namespace in which the operator keeps its heartbeat, up to which accounts are shown")
	return cmd
}

// texter is what is shown as text; as JSON and YAML it shows itself.
type texter interface{ Text() string }

func show(out io.Writer, what texter, format string) error {
	var content []byte
	var err error
	switch format {
	case "json":
		content, err = json.MarshalIndent(what, "", "  ")
		content = append(content, '\n')
	case "yaml":
		content, err = yaml.Marshal(what)
	default:
		content = []byte(what.Text())
	}
	if err != nil {
		return err
	}
	_, err = out.Write(content)
	return err
}

func (t *tool) showAccount(ctx context.Context, c *cluster, operator, name, period, output string) error {
	recorded := c.recorded(ctx, operator)
	app := &v1alpha1.Application{}
	there, err := c.get(ctx, c.namespace, name, app)
	if err != nil {
		return fmt.Errorf("read the Application: %w", err)
	}
	record := &v1alpha1.AvailabilityRecord{}
	accounted, err := c.get(ctx, c.namespace, name, record)
	switch {
	case err != nil:
		return fmt.Errorf("read the account: %w", err)
	case !there && !accounted:
		return c.noSuch(ctx, "Application", name)
	case !accounted:
		return noAccount(app)
	case record.DecodingError != "":
		return fmt.Errorf("the account of %s/%s cannot be read: %s", c.namespace, name, record.DecodingError)
	}
	if !there {
		app = nil
	}
	levels := map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel{}
	for _, n := range account.Levels(record) {
		level := &v1alpha1.ServiceLevel{}
		switch found, err := c.get(ctx, "", string(n), level); {
		case err != nil:
			t.warn("read ServiceLevel %s: %v", n, err)
		case found && level.DecodingError == "":
			levels[n] = level
		}
	}
	report, err := account.Build(account.Given{Record: record, Application: app, Levels: levels, Recorded: recorded, Period: period, Now: t.Clock.Now()})
	if err != nil {
		return err
	}
	return show(t.Streams.Out, report, output)
}

func (t *tool) listAccounts(ctx context.Context, c *cluster, operator, output string) error {
	recorded := c.recorded(ctx, operator)
	apps, err := c.applications(ctx, c.namespace)
	if err != nil {
		return fmt.Errorf("list Applications: %w", err)
	}
	records, err := c.records(ctx, c.namespace)
	if err != nil {
		return fmt.Errorf("list accounts: %w", err)
	}
	for i := range records {
		if problem := records[i].DecodingError; problem != "" {
			t.warn("the account of %s/%s cannot be read: %s", records[i].Namespace, records[i].Name, problem)
		}
	}
	all, err := c.levels(ctx)
	if err != nil {
		t.warn("moments are in Europe/Berlin, since service levels cannot be listed: %v", err)
	}
	levels := make(map[v1alpha1.ObjectName]*v1alpha1.ServiceLevel, len(all))
	for i := range all {
		levels[v1alpha1.ObjectName(all[i].Name)] = &all[i]
	}
	if len(apps) == 0 && output == "text" {
		where := "in the cluster"
		if c.namespace != "" {
			where = "in namespace " + c.namespace
		}
		t.warn("there is no Application %s", where)
		return nil
	}
	if recorded.Err != nil {
		t.warn("each line is as of when its account was written last: the operator's heartbeat cannot be read: %v", recorded.Err)
	} else if silence := recorded.Silence(t.Clock.Now()); silence != "" {
		t.warn("%s", silence)
	}
	return show(t.Streams.Out, account.BuildList(apps, records, levels, recorded), output)
}

// noAccount says why an Application has no account yet.
func noAccount(app *v1alpha1.Application) error {
	message := fmt.Sprintf("%s/%s has no account yet: ", app.Namespace, app.Name)
	condition := meta.FindStatusCondition(app.Status.Conditions, v1alpha1.ConditionServiceLevelMet)
	switch {
	case app.Spec.Lifecycle == v1alpha1.LifecyclePlanned || app.Spec.Lifecycle == v1alpha1.LifecycleRetired:
		message += fmt.Sprintf("it is %s, and only what operates is counted", app.Spec.Lifecycle)
	case condition != nil && condition.Message != "":
		message += condition.Message
	case app.Status.ObservedGeneration == 0:
		message += "the operator has not seen it yet; does it run?"
	default:
		message += "the operator writes it when it has observed the Application for the first time"
	}
	return errors.New(message)
}
