// SPDX-License-Identifier: Apache-2.0

// Command catalogue writes the Mainz catalogue: it reads the tables in
// hack/catalogue/data and writes config/samples/mainz, the same bytes each
// time. With -check it writes nothing and fails if the folder is not what it
// would write.
//
//	go run ./hack/catalogue
//	go run ./hack/catalogue -check
//
// The command only reads and writes files. What the catalogue is, package
// mainz decides.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"kdz.mainz.de/operator/hack/catalogue/internal/mainz"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run does what the arguments say.
func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("catalogue", flag.ContinueOnError)
	flags.SetOutput(stderr)
	data := flags.String("data", "hack/catalogue/data", "folder of the tables")
	out := flags.String("out", "config/samples/mainz", "folder to write")
	check := flags.Bool("check", false, "write nothing; fail if the folder differs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	catalogue, err := mainz.Build(os.DirFS(*data))
	if err != nil {
		return fmt.Errorf("the tables in %s have to be mended:\n%w", *data, err)
	}
	files, err := catalogue.Files()
	if err != nil {
		return err
	}
	t := tree{root: *out}
	if *check {
		differing, err := t.differing(files)
		if err != nil {
			return err
		}
		if len(differing) > 0 {
			return fmt.Errorf("%s is not what the tables say; run go run ./hack/catalogue:\n%s", *out, strings.Join(differing, "\n"))
		}
		return nil
	}
	if err := t.write(files); err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s: %d units, %d namespaces, %d service levels, %d applications, %d projects in %d files\n", *out,
		len(catalogue.Units), len(catalogue.Namespaces), len(catalogue.ServiceLevels), len(catalogue.Applications), len(catalogue.Projects), len(files))
	return err
}
