// SPDX-License-Identifier: Apache-2.0

package command

import (
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/utils/clock"
)

// Options are what a command works with.
type Options struct {
	// Version of the plugin.
	Version string
	// Streams that it reads from and writes to.
	Streams genericiooptions.IOStreams
	// Clock says what time it is.
	Clock clock.PassiveClock
}

// tool is what all commands share.
type tool struct {
	Options
	flags *genericclioptions.ConfigFlags
}

// New returns the command `kubectl kdz`, which reads os.Args unless told
// otherwise.
func New(o Options) *cobra.Command {
	t := &tool{Options: o, flags: genericclioptions.NewConfigFlags(true)}
	root := &cobra.Command{
		Use:   "kubectl-kdz",
		Short: "What the KDZ agreed, and how it stands",
		Long: "Shows the accounts of availability that the KDZ operator keeps, and translates\n" +
			"service levels to and from OpenSLO. It reads the cluster and writes nothing to it.",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		// So that help says what people type.
		Annotations: map[string]string{cobra.CommandDisplayNameAnnotation: "kubectl kdz"},
	}
	root.SetIn(o.Streams.In)
	root.SetOut(o.Streams.Out)
	root.SetErr(o.Streams.ErrOut)
	root.CompletionOptions.HiddenDefaultCmd = true

	export := &cobra.Command{Use: "export", Short: "Translate objects of the cluster into another format", Args: cobra.NoArgs}
	export.AddCommand(t.exportOpenSLO())
	read := &cobra.Command{Use: "import", Short: "Translate another format into objects, and print them", Args: cobra.NoArgs}
	read.AddCommand(t.importOpenSLO())
	root.AddCommand(t.availability(), export, read, t.version())
	return root
}
