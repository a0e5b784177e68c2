// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// The annotation that makes Helm leave an object when the chart goes.
const keepAnnotation = "helm.sh/resource-policy"

// verify lints the chart, and compares what it installs with config: with
// default values, with monitoring, and under another prefix and namespace.
func (t tools) verify(ctx context.Context) error {
	if _, err := output(ctx, t.helm, "lint", "--strict", "--quiet", chartFolder); err != nil {
		return err
	}
	config, err := t.build(ctx, installation)
	if err != nil {
		return err
	}
	rules, err := t.build(ctx, policy)
	if err != nil {
		return err
	}
	monitors, err := t.build(ctx, monitoring)
	if err != nil {
		return err
	}
	config = without(append(config, rules...), "Namespace")

	if err := t.same(ctx, config); err != nil {
		return err
	}
	return errors.Join(
		t.same(ctx, append(slices.Clone(config), monitors...), "--set", "serviceMonitor.enabled=true,prometheusRule.install=true"),
		t.same(ctx, without(config, "CustomResourceDefinition"), "--set", "crds.install=false"),
		t.same(ctx, without(config, "GovernancePolicy"), "--set", "policy.install=false"),
		t.same(ctx, without(config, "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"), "--set", "admission.install=false"),
		t.movable(ctx),
		t.refuses(ctx, "replicas=-1"),
		t.refuses(ctx, "image.tag=a b"),
		t.refuses(ctx, "replica=2"),
	)
}

// without returns the objects that are of none of the kinds.
func without(objects []object, kinds ...string) []object {
	return slices.DeleteFunc(slices.Clone(objects), func(o object) bool { return slices.Contains(kinds, o.GetKind()) })
}

// manifests returns what the chart installs.
func (t tools) manifests(ctx context.Context, namespace string, flags ...string) ([]byte, error) {
	args := append([]string{"template", "kdz", chartFolder, "--namespace", namespace}, flags...)
	return output(ctx, t.helm, args...)
}

// same compares what the chart installs with what it should.
func (t tools) same(ctx context.Context, want []object, flags ...string) error {
	out, err := t.manifests(ctx, configNamespace, flags...)
	if err != nil {
		return err
	}
	got, err := decode(out)
	if err != nil {
		return err
	}
	if diff := difference(want, got); diff != "" {
		return fmt.Errorf("what config holds (-) and what the chart installs with %v (+) differ: run make chart\n%s", flags, diff)
	}
	return nil
}

// difference compares two sets of objects, whatever their order. Of the
// chart's, each CRD is expected to be kept when the chart goes, and the policy
// never to be touched again.
func difference(want, chart []object) string {
	wanted, installed := index(want), index(chart)
	ids := slices.Sorted(maps.Keys(wanted))
	for id := range installed {
		if _, ok := wanted[id]; !ok {
			ids = append(ids, id)
		}
	}
	var out strings.Builder
	for _, id := range ids {
		w, inConfig := wanted[id]
		g, inChart := installed[id]
		switch {
		case !inChart:
			fmt.Fprintf(&out, "- %s\n", id)
		case !inConfig:
			fmt.Fprintf(&out, "+ %s\n", id)
		default:
			if diff := cmp.Diff(kept(w), g.Object); diff != "" {
				fmt.Fprintf(&out, "  %s:\n%s", id, diff)
			}
		}
	}
	return out.String()
}

// index returns the objects by what names them.
func index(objects []object) map[string]object {
	byID := map[string]object{}
	for _, o := range objects {
		byID[o.id()] = o
	}
	return byID
}

// kept returns the content of an object as the chart should install it.
func kept(o object) map[string]any {
	var added map[string]string
	switch o.GetKind() {
	case "CustomResourceDefinition":
		added = map[string]string{keepAnnotation: "keep"}
	case "GovernancePolicy":
		added = policyAnnotations
	default:
		return o.Object
	}
	o = object{*o.DeepCopy()}
	annotations := o.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	maps.Copy(annotations, added)
	o.SetAnnotations(annotations)
	return o.Object
}

// movable checks that nothing of the chart stays behind when the release has
// another namespace and another prefix.
func (t tools) movable(ctx context.Context) error {
	out, err := t.manifests(ctx, "elsewhere", "--set", "namePrefix=abc-,serviceMonitor.enabled=true,prometheusRule.install=true,crds.install=false",
		"--set", "extraArgs={--first,--second=a b},podAnnotations.example=here,priorityClassName=high",
		"--set", "nodeSelector.zone=one,imagePullSecrets[0].name=pull,serviceMonitor.labels.release=prometheus,prometheusRule.labels.rules=here",
		"--set", "image.repository=registry.example/kdz,image.digest=sha256:"+strings.Repeat("0", 64))
	if err != nil {
		return err
	}
	var errs []error
	for _, stays := range []string{configNamespace, "\n  name: " + configPrefix, "serviceAccountName: " + configPrefix} {
		if bytes.Contains(out, []byte(stays)) {
			errs = append(errs, fmt.Errorf("the chart still says %q in another namespace with another prefix", stays))
		}
	}
	for _, said := range []string{
		`- "--second=a b"`, "example: here", "priorityClassName: high", "zone: one", "- name: pull", "release: prometheus", "rules: here",
		"image: registry.example/kdz@sha256:000", "serviceAccountName: abc-operator", "namespace: elsewhere",
		"- elsewhere", // whose workloads are left out
	} {
		if !bytes.Contains(out, []byte(said)) {
			errs = append(errs, fmt.Errorf("a value did not arrive: no %q in what the chart installs", said))
		}
	}
	if _, err := decode(out); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// refuses checks that the chart's schema refuses a value.
func (t tools) refuses(ctx context.Context, value string) error {
	if _, err := t.manifests(ctx, configNamespace, "--set", value); err == nil {
		return fmt.Errorf("the chart accepts %s: values.schema.json should refuse it", value)
	}
	return nil
}
