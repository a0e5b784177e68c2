// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// auditFolder holds the API server's audit log and what is to be in it.
var auditFolder string

const auditPolicy = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  verbs: [create]
  resources: [{group: kdz.mainz.de}, {group: apps}]
`

// auditArgs has the API server write an audit log into a folder.
func auditArgs(folder string) ([]string, error) {
	auditFolder = folder
	policy := filepath.Join(folder, "policy.yaml")
	args := []string{"--audit-policy-file=" + policy, "--audit-log-path=" + auditLog()}
	return args, os.WriteFile(policy, []byte(auditPolicy), 0o600)
}

func auditLog() string { return filepath.Join(auditFolder, "audit.log") }

// noted are the annotations of a key that the audit log holds of an object that
// somebody asked to create.
func noted(t *testing.T, object, key string) ([]string, error) {
	t.Helper()
	file, err := os.Open(auditLog())
	if err != nil {
		return nil, err
	}
	defer func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}()
	var values []string
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var event struct {
			ObjectRef   struct{ Name string }
			Annotations map[string]string
		}
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return nil, fmt.Errorf("%s: %w", lines.Text(), err)
		}
		if value, ok := event.Annotations[key]; ok && event.ObjectRef.Name == object {
			values = append(values, value)
		}
	}
	return values, lines.Err()
}

// awaitNote waits for an annotation that has all of the words.
func awaitNote(t *testing.T, object, key string, words ...string) {
	t.Helper()
	eventually(t, "audit annotation "+key+" of "+object, func() error {
		values, err := noted(t, object, key)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(values, func(v string) bool {
			return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(v, w) })
		}) {
			return fmt.Errorf("it is %q, want %q", values, words)
		}
		return nil
	})
}

// Who gave which evidence, and in whose name, stands in the audit log.
func TestEvidenceIsNotedInTheAuditLog(t *testing.T) {
	t.Parallel()
	flux := person(t, pipeline, rightSteeringRound, rightRelease, rightNameInProject)
	p := project(released(requirements), decided(steering, approved, "SR-1", inSteeringRound), func(p *v1alpha1.Project) { p.Name = "noted" })
	mustAccept(t, flux.try(create, p))
	awaitNote(t, "noted", "projects.kdz.mainz.de/decisions", "SteeringRound Approved SR-1 by "+inSteeringRound)
	awaitNote(t, "noted", "projects.kdz.mainz.de/release", "released on 2026-02-27 by "+requirements)

	l := level(agreed(inSteeringRound), func(l *v1alpha1.ServiceLevel) { l.Name = "noted" })
	mustAccept(t, person(t, inSteeringRound, rightDecide).try(create, l))
	awaitNote(t, "noted", "servicelevels.kdz.mainz.de/decision", "SteeringRound Approved SR-1 by "+inSteeringRound)

	s := signOff(v1alpha1.RoleApplicationManagement, standIn, func(s *v1alpha1.SignOff) { s.Name = "noted" })
	mustAccept(t, person(t, signer, "handovers/operations").try(create, s))
	awaitNote(t, "noted", "signoffs.kdz.mainz.de/signature", "Accepted for ApplicationManagement (vacant) by "+signer, "v1:aaa")

	plain := project(func(p *v1alpha1.Project) { p.Name = "not-noted" })
	mustAccept(t, editor(t).try(create, plain))
	if values, err := noted(t, "not-noted", "projects.kdz.mainz.de/decisions"); len(values) > 0 || err != nil {
		t.Errorf("a Project without evidence is noted as %q, %v", values, err)
	}
}

// With enforcement Audit nobody hears of an unclaimed workload but the log.
func TestUnclaimedWorkloadsAreNotedInTheAuditLog(t *testing.T) {
	w, warnings := listener(t)
	bare := workload(t, "deployments", unitOffice, nil)
	bare.SetName("unclaimed")
	const failure = "validation.policy.admission.k8s.io/validation_failure"
	demand(t, &v1alpha1.WorkloadPolicy{Enforcement: v1alpha1.EnforcementAudit, Resources: allWorkloads()}, func() error {
		if err := w.try(create, bare); err != nil {
			return err
		}
		if values, err := noted(t, bare.GetName(), failure); err != nil || len(values) == 0 {
			return errors.Join(errors.New("not noted yet"), err)
		}
		return nil
	})
	awaitNote(t, bare.GetName(), failure, `"workloads-audit.kdz.mainz.de"`, unclaimed)
	if heard := warnings.take(); len(heard) > 0 {
		t.Errorf("warned of %q, want nothing", heard)
	}
}
