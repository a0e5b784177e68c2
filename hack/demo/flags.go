// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"
)

// options are what the flags set.
type options struct {
	once           bool
	timeout        time.Duration
	port           int
	control        string
	catalogue, lab string
	logs           string
	keep           bool
}

// noLab as the value of -lab means that no table says how endpoints behave.
const noLab = "none"

func parseFlags(args []string, output io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("demo", flag.ContinueOnError)
	f.SetOutput(output)
	f.BoolVar(&o.once, "once", false, "print the state when it has settled, and exit")
	f.DurationVar(&o.timeout, "timeout", 3*time.Minute, "how long the state may take to settle, from when everything is there and the operator starts")
	f.IntVar(&o.port, "port", 16443, "port of the API server on 127.0.0.1; if it is taken, a free one is used")
	f.StringVar(&o.control, "control", "127.0.0.1:18400", "address, on loopback, at which lab servers are stopped and started")
	f.StringVar(&o.catalogue, "catalogue", "", "`folder` of the catalogue, with a kustomization.yaml that lists its layers (default config/samples/mainz of the checkout)")
	f.StringVar(&o.lab, "lab", "", "`folder` of endpoints.csv, hosting.csv and backup.csv, which say how the lab behaves, or none: all are well (default hack/catalogue/data of the checkout, or none with -catalogue)")
	f.StringVar(&o.logs, "log", "", "`folder` for the logs of the operator and the control plane, kept at the end (default one that goes)")
	f.BoolVar(&o.keep, "keep", false, "keep the folder of the control plane with its data, certificates and logs at the end")
	f.Usage = func() {
		_, _ = fmt.Fprint(output, "demo runs the Mainz catalogue on a control plane of its own, with a lab of servers to watch.\n\n")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, fmt.Errorf("%w; -help lists the flags", err)
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: everything is set by flags, -help lists them", strings.Join(f.Args(), " "))
	case o.timeout <= 0:
		return o, fmt.Errorf("-timeout is %s, but must be longer than 0s", o.timeout)
	case o.port < 1024 || o.port > 32767:
		return o, fmt.Errorf("-port is %d, but must be from 1024 to 32767", o.port)
	case o.control == "":
		return o, errors.New("-control is empty, but must be an address such as 127.0.0.1:18400")
	}
	return o, nil
}
