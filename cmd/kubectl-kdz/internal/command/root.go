// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"

	"kdz.mainz.de/operator/cmd/kubectl-kdz/internal/text"
)

// Options are what a command works with.
type Options struct {
	// Version of the plugin.
	Version string
	// Streams that it reads from and writes to.
	Streams genericiooptions.IOStreams
	// Clock says what time it is.
	Clock clock.PassiveClock
	// Terminal says that a person answers on the input.
	Terminal bool
}

// tool is what all commands share.
type tool struct {
	Options
	flags *genericclioptions.ConfigFlags
}

// Main runs the command that the arguments of the process say, and returns the
// exit code of the process.
func Main(version string, clock clock.PassiveClock) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	o := Options{Version: version, Streams: streams, Clock: clock, Terminal: term.IsTerminal(int(os.Stdin.Fd()))}
	if err := New(o).ExecuteContext(ctx); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "error:", text.Printable(err.Error()))
		return 1
	}
	return 0
}

// New returns the command `kubectl kdz`, which reads os.Args unless told
// otherwise.
func New(o Options) *cobra.Command {
	t := &tool{Options: o, flags: genericclioptions.NewConfigFlags(true)}
	root := &cobra.Command{
		Use:   "kubectl-kdz",
		Short: "What the KDZ agreed, and how it stands",
		Long: "Shows the accounts of availability that the KDZ operator keeps and how handovers\n" +
			"stand, and translates service levels to and from OpenSLO. It writes nothing to the\n" +
			"cluster but what a person confirms: a signature under a handover, and a body's\n" +
			"decision on a project.",
		SilenceUsage:  true,
		SilenceErrors: true,
		// So that help says what people type.
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl kdz"},
	}
	root.SetIn(o.Streams.In)
	root.SetOut(o.Streams.Out)
	root.SetErr(o.Streams.ErrOut)
	root.CompletionOptions.HiddenDefaultCmd = true

	root.AddCommand(
		t.availability(),
		group("export", "Translate objects of the cluster into another format", t.exportOpenSLO()),
		group("handover", "Show how a handover stands, and sign it", t.handoverHash(), t.handoverSign(), t.handoverStatus()),
		group("import", "Translate another format into objects, and print them", t.importOpenSLO()),
		group("project", "Record a body's decision on a project", t.projectDecide()),
		t.version(),
	)
	return root
}

// group is a command that has only others below it, and shows which.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	g := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	g.AddCommand(commands...)
	return g
}
