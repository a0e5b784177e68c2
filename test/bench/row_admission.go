// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/controlplane"
)

const (
	// fewExemptions are more than a city ever had; manyExemptions show that it
	// does not matter.
	fewExemptions, manyExemptions = 500, 10_000
	// flatness is how much more many may cost than few.
	flatness = 1.1
	// officeUnit is the namespace, and the unit, of an ordinary editor.
	officeUnit = rootUnit + "-door"
	editorName = "editor@kdz.example"
	editorRole = "kdz-editor"
)

var admissionRow = row{
	name: "admission",
	about: fmt.Sprintf(`What the door costs: an ordinary editor of a namespace creates an Application of 1.8 KB that the KDZ
is to provide, as a dry run so that etcd has no part in it, %d at a time. An operation is one request; what is compared is
the processor time of kube-apiserver, which evaluates our admission policies itself, and of the webhook where there is one.
Each side has a control plane of its own, with nothing else installed; all do so in turn in the same run. The limit is the
same without any admission policy; ours has %s exemptions compiled, and %s in the second line, which is compared with the
first. The trivial webhook is a validating one in a process of its own on loopback, over TLS and a connection that is kept,
which reads no object and says yes to everything: what any webhook costs before it has decided anything. Gatekeeper, built
from its module, has the same rule in Rego as far as it can have it: whether a unit is one of the KDZ, whether decentral IT is
exempt, and whose namespace it is, with %s exemptions as parameters, but nothing of rights and of the clock.`,
		inFlight, number(fewExemptions), number(manyExemptions), number(fewExemptions)),
	measure: measureAdmission,
}

// eachCPU is how much processor time an operation takes.
var eachCPU = figure{
	of:   func(s *sample) float64 { return s.CPU.Seconds() / float64(s.Operations) },
	text: seconds,
}

// doors are the control planes of the row.
type doors struct {
	bench *bench
	stops []func() error
}

func measureAdmission(ctx context.Context, b *bench) (lines []line, err error) {
	d := &doors{bench: b}
	defer func() { err = errors.Join(err, d.stop()) }()
	none, err := d.none(ctx)
	if err != nil {
		return nil, err
	}
	few, err := d.ours(ctx, fewExemptions)
	if err != nil {
		return nil, err
	}
	many, err := d.ours(ctx, manyExemptions)
	if err != nil {
		return nil, err
	}
	webhook, err := d.webhook(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range []comparison{
		{"admission: a request", side{"", few}, side{"no policy", none}, eachCPU, atMost(1.25)},
		{
			fmt.Sprintf("admission: with %s exemptions", number(manyExemptions)),
			side{"", many},
			side{fmt.Sprintf("%s exemptions", number(fewExemptions)), few},
			eachCPU, atMost(flatness),
		},
		{"admission: next to a webhook", side{"", few}, side{"trivial webhook", webhook}, eachCPU, goal{}},
	} {
		l, err := b.compare(ctx, c)
		if err != nil {
			return lines, err
		}
		lines = append(lines, l)
	}
	l, err := d.besideGatekeeper(ctx, few)
	return append(lines, l), err
}

// besideGatekeeper is the line that compares with Gatekeeper, or says why there
// is none to compare with.
func (d *doors) besideGatekeeper(ctx context.Context, few leg) (line, error) {
	const what = "admission: next to Gatekeeper"
	gatekeeper, err := d.gatekeeper(ctx)
	if err != nil && ctx.Err() == nil {
		d.bench.say("  no Gatekeeper: %v", err)
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return line{what: what, ours: nothing, limit: "could not be had: " + reason, goal: nothing, met: nothing}, nil
	}
	if err != nil {
		return line{}, err
	}
	return d.bench.compare(ctx, comparison{what, side{"", few}, side{"Gatekeeper", gatekeeper}, eachCPU, goal{}})
}

func (d *doors) stop() error {
	var errs []error
	for _, stop := range d.stops {
		errs = append(errs, stop())
	}
	return errors.Join(errs...)
}

// none is a control plane whose door is open.
func (d *doors) none(ctx context.Context) (leg, error) {
	p, err := d.bench.startOpenPlane(ctx, false)
	if err != nil {
		return nil, err
	}
	return d.editor(ctx, p, nil)
}

// ours is one with our policies, and so many exemptions compiled.
func (d *doors) ours(ctx context.Context, exemptions int) (leg, error) {
	p, err := d.bench.startPlane(ctx, false)
	if err != nil {
		return nil, err
	}
	leg, err := d.editor(ctx, p, nil)
	if err != nil {
		return nil, err
	}
	return leg, p.open(ctx, officeUnit, exemptionsOf(exemptions))
}

// exemptionsOf are so many exemptions, for a year, of none of the Applications
// that are created.
func exemptionsOf(count int) map[string]v1alpha1.Moment {
	index := map[string]v1alpha1.Moment{}
	for n := range count {
		index[officeUnit+"/"+applicationName(1_000_000+n)] = v1alpha1.Moment(time.Now().AddDate(1, 0, 0).UTC().Format(time.RFC3339))
	}
	return index
}

// webhook is one with a trivial validating webhook.
func (d *doors) webhook(ctx context.Context) (leg, error) {
	p, err := d.bench.startOpenPlane(ctx, false)
	if err != nil {
		return nil, err
	}
	h, err := d.bench.startWebhook(ctx)
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	d.stops = append(d.stops, h.child.end)
	if err := h.register(ctx, p); err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return d.editor(ctx, p, []int{h.child.pid()})
}

// editor makes an ordinary editor of a namespace, and returns the leg in which
// they create Applications. others are processes that are charged besides the
// API server.
func (d *doors) editor(ctx context.Context, p *plane, others []int) (leg, error) {
	d.stops = append(d.stops, p.Stop)
	if err := p.found(ctx); err != nil {
		return nil, err
	}
	if err := p.newUnit(ctx, officeUnit); err != nil {
		return nil, err
	}
	config, err := p.AddUser(editorName)
	if err != nil {
		return nil, err
	}
	err = p.admin.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: officeUnit, Name: "editor"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: editorRole},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: editorName}},
	})
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(d.bench.dir, "editor")
	if err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "kubeconfig")
	if err := controlplane.WriteKubeconfig(config, file); err != nil {
		return nil, err
	}
	charged := append([]int{p.ProcessID("kube-apiserver")}, others...)
	return d.bench.legOf("creator", creations{Kubeconfig: file, Unit: officeUnit}, func(int) []int { return charged }), nil
}
