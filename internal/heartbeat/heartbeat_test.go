// SPDX-License-Identifier: Apache-2.0

package heartbeat_test

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"kdz.mainz.de/operator/internal/heartbeat"
)

func TestDecode(t *testing.T) {
	const recorded = `"recorded":"2026-11-02T12:00:10Z"`
	for _, test := range []struct {
		name, text, words string
		into              heartbeat.Document
	}{
		{"a heartbeat", `{"version":1,` + recorded + `,"sequence":7}`, "", &heartbeat.Beat{}},
		{"a later version, with more fields", `{"version":2,` + recorded + `,"sequence":7,"more":{}}`, "", &heartbeat.Beat{}},
		{"no JSON", `{`, "heartbeat.json: unexpected end", &heartbeat.Beat{}},
		{"no version", `{` + recorded + `,"sequence":7}`, "version is 0, but must be at least 1", &heartbeat.Beat{}},
		{"no time", `{"version":1,"sequence":7}`, "recorded is missing", &heartbeat.Beat{}},
		{"no sequence", `{"version":1,` + recorded + `}`, "sequence is 0", &heartbeat.Beat{}},
		{"gaps", `{"version":1,"gaps":[{"from":"2026-11-02T12:00:00Z","to":"2026-11-02T13:00:00Z"}]}`, "", &heartbeat.Gaps{}},
		{"gaps without a version", `{"gaps":[]}`, "gaps.json: version is 0", &heartbeat.Gaps{}},
		{"a gap that lasts", `{"version":1,"gaps":[{"from":"2026-11-02T12:00:00Z"}]}`, "gap 0 is from", &heartbeat.Gaps{}},
		{"a gap backwards", `{"version":1,"gaps":[{"from":"2026-11-02T12:00:00Z","to":"2026-11-02T11:00:00Z"}]}`, "must end after it began", &heartbeat.Gaps{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, key := test.into.Place()
			err := heartbeat.Decode(&corev1.ConfigMap{Data: map[string]string{key: test.text}}, test.into)
			if (err == nil) != (test.words == "") || err != nil && !strings.Contains(err.Error(), test.words) {
				t.Errorf("error %v, want %q", err, test.words)
			}
		})
	}
	if err := heartbeat.Decode(&corev1.ConfigMap{}, &heartbeat.Gaps{}); err == nil || !strings.Contains(err.Error(), "no key gaps.json") {
		t.Errorf("of an empty object the error is %v", err)
	}
}
