// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/demo/operator"
	"kdz.mainz.de/operator/hack/demo/screen"
	"kdz.mainz.de/operator/hack/demo/settled"
	"kdz.mainz.de/operator/internal/lab"
)

const (
	// calm is the least time between two looks: many changes come at once.
	calm = 250 * time.Millisecond
	// waiting is the time between two lines that tell what is waited for.
	waiting = 10 * time.Second
	// mostMissing is how much of what is missing is told.
	mostMissing = 20
)

// look is what was seen at one moment.
type look struct {
	snapshot screen.Snapshot
	verdict  settled.Verdict
}

// look looks at the world.
func (d *demo) look(ctx context.Context) (look, error) {
	s, err := d.world.snapshot(ctx)
	if err != nil {
		return look{}, err
	}
	s.Now, s.Notices = d.clock.Now(), d.notices.all()
	return look{s, settled.Judge(settled.World{
		Units: s.Units, Applications: s.Applications,
		ExpectedUnits: d.units, ExpectedApplications: len(d.applications),
		Lab: d.endpoints, Heartbeats: d.heartbeats,
	})}, nil
}

// show shows how units and Applications stand until ctx ends; with -once until
// they have settled.
func (d *demo) show(ctx context.Context) error {
	first, err := d.settle(ctx, d.clock.Now().Add(d.options.timeout))
	switch {
	case d.options.once && err == nil:
		d.say("settled; %s\n", d.flapping())
		d.write(screen.Report(first.snapshot))
		return nil
	case ctx.Err() != nil:
		return d.unlessOnce(nil)
	case d.options.once:
		return err
	case err != nil:
		d.notices.add("not settled: " + firstLine(err.Error()))
	default:
		d.notices.add("everything has settled; " + d.flapping())
	}
	d.lab.Flap()
	if t := terminalOf(d.out); t != nil {
		return d.draw(ctx, t)
	}
	return d.tell(ctx, first.snapshot)
}

// unlessOnce is errInterrupted with -once: then there is nothing to show for
// it.
func (d *demo) unlessOnce(err error) error {
	if d.options.once {
		return errInterrupted
	}
	return err
}

// flapping says what endpoints that flap do.
func (d *demo) flapping() string {
	var names []string
	for _, e := range d.endpoints {
		if e.Behaviour == lab.Flaps {
			names = append(names, e.String())
		}
	}
	switch {
	case len(names) == 0:
		return "no endpoint flaps"
	case d.options.once:
		return strings.Join(names, ", ") + " would flap, but stays up for this"
	default:
		return fmt.Sprintf("%s goes down in %s, for %s", strings.Join(names, ", "), lab.FlapAfter, lab.FlapFor)
	}
}

// settle waits until everything has settled. The error says what is missing.
func (d *demo) settle(ctx context.Context, by time.Time) (look, error) {
	tick := d.clock.NewTicker(calm)
	defer tick.Stop()
	told := d.clock.Now()
	for {
		select {
		case <-ctx.Done():
			return look{}, context.Cause(ctx)
		case <-tick.C():
		}
		now, err := d.look(ctx)
		if err != nil {
			return now, err
		}
		v := now.verdict
		missing := append(v.Stalled, v.Missing...)
		switch {
		case v.Settled():
			return now, nil
		case len(v.Stalled) > 0 || d.clock.Now().After(by):
			return now, d.unsettled(v, missing)
		case d.clock.Since(told) >= waiting:
			told = d.clock.Now()
			d.say("waiting for %d things, such as: %s", len(missing), missing[0])
		}
	}
}

// unsettled says what is missing, and where to look.
func (d *demo) unsettled(v settled.Verdict, missing []string) error {
	how := fmt.Sprintf("not settled within %s", d.options.timeout)
	if len(v.Stalled) > 0 {
		how = "will not settle: something is Stalled"
	}
	more := ""
	if n := len(missing) - mostMissing; n > 0 {
		missing = missing[:mostMissing]
		more = fmt.Sprintf("\n  and %d more", n)
	}
	return fmt.Errorf("%s; missing:\n  %s%s\nthe end of the operator's log (with -log FOLDER it is kept):\n%s",
		how, strings.Join(missing, "\n  "), more, operator.Tail(d.operatorLog()))
}

func (d *demo) write(lines []string) { d.say("%s", strings.Join(lines, "\n")) }

// draw shows everything in place, at each change and each second.
func (d *demo) draw(ctx context.Context, t *screen.Terminal) (err error) {
	before := d.notices.divert(io.Discard) // the screen shows them
	defer func() {
		err = errors.Join(err, t.Leave())
		d.notices.divert(before)
		d.say("\ncleaning up …")
	}()
	second := d.clock.NewTicker(time.Second)
	defer second.Stop()
	for {
		now, err := d.look(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		now.snapshot.Hints = d.hints()
		if err := t.Draw(now.snapshot); err != nil {
			return fmt.Errorf("draw: %w", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-second.C():
		case <-d.world.changed:
			if !d.pause(ctx) {
				return nil
			}
		}
	}
}

// tell writes everything once, and then what changes.
func (d *demo) tell(ctx context.Context, before screen.Snapshot) error {
	d.write(append(append(screen.Report(before), ""), d.hints()...))
	for {
		select {
		case <-ctx.Done():
			d.say("cleaning up …")
			return nil
		case <-d.world.changed:
		}
		if !d.pause(ctx) {
			continue
		}
		now, err := d.look(ctx)
		if ctx.Err() != nil {
			continue
		}
		if err != nil {
			return err
		}
		for _, line := range screen.Changes(before, now.snapshot) {
			d.say("%s", line)
		}
		before = now.snapshot
	}
}

// pause lets changes come that come at once; false if ctx ended meanwhile.
func (d *demo) pause(ctx context.Context) bool {
	timer := d.clock.NewTimer(calm)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C():
		return true
	}
}

// hints tell what a person may do now, the most useful first: a small terminal
// has no room for all.
func (d *demo) hints() []string {
	hints := []string{"export KUBECONFIG=" + d.plane.Kubeconfig()}
	if _, err := exec.LookPath("kubectl"); err != nil {
		hints = append(hints, "alias kubectl="+d.plane.KubectlPath())
	}
	hints = append(hints, "kubectl get ou; kubectl get kdz -A; kubectl get itapp -A -o wide; kubectl get itpolicy")
	if name := mostNeeded(d.applications, d.endpoints); name != "" {
		control := d.lab.Control()
		hints = append(hints, fmt.Sprintf("curl -X POST %s/stop/%s", control, name), fmt.Sprintf("curl -X POST %s/start/%s; curl %s lists all", control, name, control))
	}
	return append(
		hints,
		"Ctrl-C ends everything",
		"kubectl get itapp -A --field-selector status.operationalState=Outage",
		"kill -9 the operator's process: it is started again, and since does not move",
		"operator's log: "+d.operatorLog(),
	)
}

// mostNeeded is the Application, among those whose endpoints are up in the lab,
// that most others need: stopping it shows most.
func mostNeeded(applications []v1alpha1.Application, endpoints []lab.Endpoint) string {
	needed := map[string]int{}
	for i := range applications {
		a := &applications[i]
		for _, d := range a.Spec.Dependencies {
			needed[cmp.Or(string(d.Namespace), a.Namespace)+"/"+string(d.Name)]++
		}
	}
	best := ""
	for _, e := range endpoints {
		name := e.Namespace + "/" + e.Application
		if e.System == nil && e.Behaviour == lab.Up && (best == "" || needed[name] > needed[best]) {
			best = name
		}
	}
	return best
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// terminalOf is the terminal that the output is, if it is one.
func terminalOf(out io.Writer) *screen.Terminal {
	if f, ok := out.(*os.File); ok {
		return screen.NewTerminal(f)
	}
	return nil
}
