// SPDX-License-Identifier: Apache-2.0

package backup

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// single answers every query with the same object.
type single struct{ *unstructured.Unstructured }

// Objects implements Objects.
func (s single) Objects(q cluster.Query) ([]*cluster.Object, *cluster.Problem) {
	return []*cluster.Object{{Name: "x", Created: now, Facts: q.Kind.Extract(s.Unstructured)}}, nil
}

// FuzzExtract: no object, of whatever shape and with whatever times, does any
// harm, and no time that cannot be is believed.
func FuzzExtract(f *testing.F) {
	for _, document := range []string{
		`{}`, `{"status":7}`, `{"metadata":{"ownerReferences":[7,{"apiVersion":7}],"deletionTimestamp":{}}}`,
		`{"status":{"phase":"Completed","startTimestamp":"%s","completionTimestamp":[],"conditions":[null,{"type":"Completed","status":"True","reason":"Succeeded"}]}}`,
		`{"spec":{"renewTime":"%s","acquireTime":"%s","date":"%s","cluster":{"name":"x"},"schedule":"TZ=","template":{"includedNamespaces":["*",7]},"backup":{}}}`,
		`{"metadata":{"creationTimestamp":"%s"},"spec":{"paused":"yes","schedule":"0 0 31 2 *","includedNamespaces":["[",""]},"status":{"readyToUse":true,"creationTime":"%s","startedAt":"%s","lastScheduleTime":"%s","lastSuccessfulTime":"%s"}}`,
		`{"status":{"effectiveSchedules":[{"jobType":"backup","generatedSchedule":"@every 1ns"}],"error":7,"active":{}},"spec":{"date":null}}`,
	} {
		for _, date := range []string{"2026-11-20T01:00:00Z", "2026-11-20T11:05:01Z", "9999-12-31T23:59:59-23:59", "0000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "yesterday", ""} {
			f.Add(document, date)
		}
	}
	f.Fuzz(func(t *testing.T, document, date string) {
		quoted, err := json.Marshal(date)
		if err != nil {
			return
		}
		var object map[string]any
		if json.Unmarshal([]byte(strings.ReplaceAll(document, `"%s"`, string(quoted))), &object) != nil {
			return
		}
		policy := &v1alpha1.ObservationPolicy{VeleroNamespace: "velero"}
		all := Read(&Look{
			Namespace: "payroll", Sources: everySource(), Policy: policy, Objects: single{&unstructured.Unstructured{Object: object}}, Now: now, Asker: asker{},
			Observation: func(string) observe.Observation { return observe.Observation{} },
		})
		for _, e := range all {
			for _, moment := range []time.Time{e.SuccessAt, e.FailureAt, e.FailingSince, e.RestoreTestAt} {
				if moment.After(now.Add(Skew)) || !moment.IsZero() && moment.Unix() <= 0 {
					t.Errorf("believes %v: %+v", moment, e)
				}
			}
			if !e.AheadAt.IsZero() && !e.AheadAt.After(now.Add(Skew)) || e.RestoreTestTook < -1 || (e.Reason == "") != (e.Message == "") || len(e.Message) > 512 {
				t.Errorf("%+v", e)
			}
			if told := fmt.Sprint(e.Subject, e.Message, e.Unproven, e.FailureName, e.FailurePhase, e.FaultMessage, e.RestoreTestMessage); !utf8.ValidString(told) {
				t.Errorf("%q", told)
			}
		}
	})
}
