// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/demo/catalogue"
	"kdz.mainz.de/operator/hack/demo/operator"
	"kdz.mainz.de/operator/internal/controlplane"
	"kdz.mainz.de/operator/internal/lab"
)

// demo is everything that runs.
type demo struct {
	options options
	out     io.Writer
	clock   clock.WithTicker
	notices *notices

	root      string
	catalogue *catalogue.Catalogue
	// applications and how many units the catalogue has, without what the API
	// server fills in.
	applications []v1alpha1.Application
	units        int
	endpoints    []lab.Endpoint
	heartbeats   []lab.Heartbeat
	lab          *lab.Lab
	plane        *controlplane.ControlPlane
	logs         string
	world        *world
	// begun holds when the Leases of backups were created.
	begun chan time.Time
}

// run runs the demo until it has shown what it has to, or ctx ends.
func run(ctx context.Context, o options, out io.Writer) (err error) {
	d := &demo{options: o, out: out, clock: clock.RealClock{}, begun: make(chan time.Time, 1)}
	d.notices = newNotices(d.clock, out)
	if err := d.load(ctx); err != nil {
		return err
	}
	d.lab, err = lab.Serve(lab.Options{Endpoints: d.endpoints, Control: o.control, Notify: d.notices.add, Clock: d.clock})
	if err != nil {
		return err
	}
	defer d.lab.Close()
	d.say("lab: answers for %d endpoints and systems on 127.0.0.1, and renews the Leases of %d backups; curl %s lists them",
		len(d.endpoints), len(d.heartbeats), d.lab.Control())

	if err := d.startPlane(ctx); err != nil {
		return interrupted(ctx, err)
	}
	defer func() { err = errors.Join(err, d.stopPlane()) }()
	return interrupted(ctx, d.operate(ctx))
}

// interrupted turns an error into none, or one without details, if it came of
// somebody ending the demo.
func interrupted(ctx context.Context, err error) error {
	if err != nil && errors.Is(context.Cause(ctx), errInterrupted) {
		return errInterrupted
	}
	return err
}

func (d *demo) say(format string, args ...any) { _, _ = fmt.Fprintf(d.out, format+"\n", args...) }

// load reads all that can be wrong before anything is started.
func (d *demo) load(ctx context.Context) (err error) {
	if d.root, err = operator.Root(ctx); err != nil {
		return err
	}
	folder, tables := d.options.catalogue, d.options.lab
	if tables == "" && folder == "" {
		tables = filepath.Join(d.root, "hack", "catalogue", "data")
	}
	if folder == "" {
		folder = filepath.Join(d.root, "config", "samples", "mainz")
	}
	if d.catalogue, err = catalogue.Load(folder); err != nil {
		return err
	}
	if d.applications, err = d.catalogue.Applications(); err != nil {
		return err
	}
	units, err := d.catalogue.Units()
	if err != nil {
		return err
	}
	d.units = len(units)
	numbers, err := d.catalogue.Numbers()
	if err != nil {
		return err
	}
	if tables == noLab {
		tables = ""
	}
	return d.plan(numbers, tables)
}

// plan says how the lab behaves, by the tables in a folder; if that is empty,
// all is well.
func (d *demo) plan(numbers map[string]string, folder string) error {
	var served, renewed []lab.Row
	if folder != "" {
		for name, rows := range map[string]*[]lab.Row{"endpoints.csv": &served, "hosting.csv": &served, "backup.csv": &renewed} {
			more, err := readTable(filepath.Join(folder, name))
			if err != nil {
				return err
			}
			*rows = append(*rows, more...)
		}
	}
	levels, err := d.catalogue.ServiceLevels()
	if err != nil {
		return err
	}
	byName := map[string]*v1alpha1.ServiceLevel{}
	for i := range levels {
		byName[levels[i].Name] = &levels[i]
	}
	if d.endpoints, err = lab.Plan(d.applications, numbers, served); err != nil {
		return err
	}
	d.heartbeats, err = lab.PlanHeartbeats(d.applications, byName, numbers, renewed)
	return err
}

func readTable(name string) ([]lab.Row, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	return lab.ReadTable(f, name)
}

// startPlane starts the control plane, at another port if the one that is
// wanted is taken.
func (d *demo) startPlane(ctx context.Context) (err error) {
	o := controlplane.Options{Progress: os.Stderr, Port: d.options.port, LogDir: d.options.logs}
	if o.Assets, err = controlplane.Assets(ctx, os.Stderr); err != nil {
		return err
	}
	if d.options.keep {
		if o.Dir, err = os.MkdirTemp("", "kdz-demo-"); err != nil {
			return err
		}
	}
	began := d.clock.Now()
	if free(ctx, o.Port) {
		d.plane, err = controlplane.Start(ctx, o)
	}
	// Somebody may have taken it between the look and the start.
	if d.plane == nil && ctx.Err() == nil && !free(ctx, o.Port) {
		d.say("port %d of 127.0.0.1 is taken; the API server gets a free one", o.Port)
		o.Port = 0
		d.plane, err = controlplane.Start(ctx, o)
	}
	if err != nil {
		return err
	}
	d.say("control plane: %s, up after %s", d.plane.Config.Host, d.clock.Since(began).Round(time.Second/10))
	d.logs = o.LogDir
	if d.logs == "" {
		d.logs = filepath.Join(d.plane.Dir(), "logs")
	}
	return d.divertLogs()
}

// divertLogs keeps what libraries log out of the terminal.
func (d *demo) divertLogs() error {
	f, err := os.OpenFile(filepath.Join(d.logs, "demo.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	klog.LogToStderr(false)
	klog.SetOutput(f) // open for as long as the process runs
	ctrl.SetLogger(klog.Background())
	return nil
}

func (d *demo) stopPlane() error {
	err := d.plane.Stop()
	if d.options.keep {
		d.say("kept: %s", d.plane.Dir())
	}
	if d.options.logs != "" {
		d.say("logs: %s", d.options.logs)
	}
	return err
}

// operate installs everything, runs the operator and shows what it does.
func (d *demo) operate(ctx context.Context) error {
	to, err := client.New(d.plane.Config, client.Options{Scheme: scheme()})
	if err != nil {
		return err
	}
	if err := d.closeDoor(ctx); err != nil {
		return err
	}
	supervisor, credentials, err := d.prepareOperator(ctx, to)
	if err != nil {
		return err
	}
	if d.world, err = newWorld(d.plane.Config); err != nil {
		return err
	}
	return together(ctx,
		supervisor.Run,
		func(ctx context.Context) error { return credentials.Keep(ctx, d.clock) },
		d.world.run,
		d.planeEnds,
		func(ctx context.Context) error { return d.backUp(ctx, to) },
		func(ctx context.Context) error {
			if err := d.populate(ctx, to); ctx.Err() != nil {
				return d.unlessOnce(nil)
			} else if err != nil {
				return err
			}
			return d.show(ctx)
		},
	)
}

// prepareOperator builds the operator and gives it its rights.
func (d *demo) prepareOperator(ctx context.Context, to client.Client) (*operator.Supervisor, *operator.Credentials, error) {
	d.say("operator: building (the first time a minute or two)")
	program, err := operator.Build(ctx, d.root, d.plane.Hold)
	if err != nil {
		return nil, nil, err
	}
	account, err := operator.Install(ctx, to, d.plane.KubectlPath(), d.root)
	if err != nil {
		return nil, nil, err
	}
	credentials, err := operator.NewCredentials(ctx, d.plane.Config, account, d.plane.Dir())
	if err != nil {
		return nil, nil, err
	}
	log := d.operatorLog()
	d.say("operator: %s\n  acts as ServiceAccount %s with the rights of config/rbac\n  logs to %s", program, account, log)
	return &operator.Supervisor{
		Program: program, Args: operator.Arguments(credentials.Kubeconfig, account.Namespace), Log: log,
		Hold: d.plane.Hold, Notify: d.notices.add, Clock: d.clock,
	}, credentials, nil
}

func (d *demo) operatorLog() string { return filepath.Join(d.logs, "operator.log") }

// planeEnds returns an error if the control plane ends by itself.
func (d *demo) planeEnds(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.plane.Done():
		return d.plane.Err()
	}
}
