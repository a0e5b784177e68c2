// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// decodeList decodes as a client does.
func decodeList(t *testing.T, text string) runtime.Object {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	o, _, err := serializer.NewCodecFactory(scheme).UniversalDeserializer().Decode([]byte(text), nil, nil)
	if err != nil {
		t.Fatalf("one object hides the others: %v", err)
	}
	return o
}

func TestOneObjectHidesNoOther(t *testing.T) {
	list := decodeList(t, `{"apiVersion":"kdz.mainz.de/v1alpha1","kind":"ApplicationList","items":[
		{"metadata":{"name":"spec","uid":"1"},"spec":{"lifecycle":"Operating","endpoints":[{"name":"a","failureThreshold":"three"}]},"status":{"operationalState":"Outage"}},
		{"metadata":{"name":"status","uid":"2"},"spec":{"lifecycle":"Planned"},"status":{"operationalState":"Outage","since":"yesterday"}},
		{"metadata":{"name":"well","uid":"3"},"spec":{"lifecycle":"Retired","operation":{"clients":80}},"status":{"operationalState":"Retired"}}]}`).(*v1alpha1.ApplicationList)

	spec, status, well := list.Items[0], list.Items[1], list.Items[2]
	if !strings.HasPrefix(spec.DecodingError, "spec: ") || !strings.Contains(spec.DecodingError, "failureThreshold") {
		t.Errorf("error %q does not name the field", spec.DecodingError)
	}
	if spec.Name != "spec" || spec.UID != "1" || spec.Spec.Lifecycle != "" || spec.Status.OperationalState != v1alpha1.StateOutage {
		t.Errorf("of an unusable spec is left: %+v", spec)
	}
	if status.DecodingError != "" || status.Spec.Lifecycle != v1alpha1.LifecyclePlanned || status.Status.OperationalState != "" {
		t.Errorf("of an unusable status is left: %+v", status)
	}
	if well.DecodingError != "" || well.Spec.Lifecycle != v1alpha1.LifecycleRetired || *well.Spec.Operation.Clients != 80 || well.Status.OperationalState != v1alpha1.StateRetired {
		t.Errorf("beside them: %+v", well)
	}
}

func TestUnmarshalStrict(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for kind, goType := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		if goType.PkgPath() != reflect.TypeFor[v1alpha1.Application]().PkgPath() || strings.HasSuffix(kind, "List") {
			continue
		}
		o, ok := reflect.TypeAssert[runtime.Object](reflect.New(goType))
		if !ok {
			t.Fatalf("%s is no object", kind)
		}
		if err := v1alpha1.UnmarshalStrict([]byte(`{"kind":"`+kind+`","metadata":{"name":"a"}}`), o); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
		if err := v1alpha1.UnmarshalStrict([]byte(`{"metadata":{"name":"a"},"colour":"red"}`), o); !runtime.IsStrictDecodingError(err) || !strings.Contains(err.Error(), "colour") {
			t.Errorf("%s with a field that it does not have: %v", kind, err)
		}
		if err := v1alpha1.UnmarshalStrict([]byte(`{"metadata":{"name":5}}`), o); err == nil {
			t.Errorf("%s with a wrong type passes", kind)
		}
	}
	if err := v1alpha1.UnmarshalStrict([]byte(`{}`), &runtime.Unknown{}); err == nil || !strings.Contains(err.Error(), "no kind of group kdz.mainz.de") {
		t.Errorf("of another group: %v", err)
	}
}

func TestEveryKindDecodesWhatItCan(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	for kind, goType := range scheme.KnownTypes(v1alpha1.GroupVersion) {
		if goType.PkgPath() != reflect.TypeFor[v1alpha1.Application]().PkgPath() || strings.HasSuffix(kind, "List") {
			continue
		}
		t.Run(kind, func(t *testing.T) {
			o := reflect.New(goType).Interface()
			text := `{"metadata":{"name":"a"},"spec":"not an object","current":"nor this"}`
			if err := json.Unmarshal([]byte(text), o); err != nil {
				t.Fatalf("it does not decode at all: %v", err)
			}
			v := reflect.ValueOf(o).Elem()
			if v.FieldByName("Name").String() != "a" || v.FieldByName("DecodingError").String() == "" {
				t.Errorf("got %+v", o)
			}
			stored, err := json.Marshal(o)
			if err != nil || strings.Contains(string(stored), "ecodingError") {
				t.Errorf("it would be stored: %s, %v", stored, err)
			}
			// What was there before does not shine through.
			if err := json.Unmarshal([]byte(`{"metadata":{"labels":{"b":"c"}}}`), o); err != nil {
				t.Fatal(err)
			}
			if v.FieldByName("Name").String() != "" || v.FieldByName("DecodingError").String() != "" {
				t.Errorf("decoded anew: %+v", o)
			}
		})
	}
}

// TestNoHalfAnAccount: an account of which any part does not decode is empty
// but for its metadata, and says so, so that nobody goes on with the rest.
func TestNoHalfAnAccount(t *testing.T) {
	unfit := map[string]string{
		"applicationUID": `5`,
		"historyLostAt":  `"yesterday"`,
		"totals":         `{"agreed":"many"}`,
		"maintenance":    `[{"seenAt":"2026-11-01T00:00:00Z","window":"patch-day"}]`,
		"current":        `{"since":"yesterday"}`,
		"outages":        `{}`,
		"dropped":        `"0"`,
		"days":           `[5]`,
		"periods":        `[{"startAt":1}]`,
	}
	for goField := range reflect.TypeFor[v1alpha1.AvailabilityRecord]().Fields() {
		name, _, _ := strings.Cut(goField.Tag.Get("json"), ",")
		if name == "" || name == "metadata" || name == "-" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			value, known := unfit[name]
			if !known {
				t.Fatalf("no value is known that does not fit %s", name)
			}
			members := `"applicationUID":"1","dropped":3,"totals":{"agreed":5},"outages":[{"check":"portal"}],`
			text := `{"apiVersion":"kdz.mainz.de/v1alpha1","kind":"AvailabilityRecordList","items":[{"metadata":{"name":"a"},` + members + `"` + name + `":` + value + `}]}`
			got := decodeList(t, text).(*v1alpha1.AvailabilityRecordList).Items[0]
			if !strings.Contains(got.DecodingError, name) && !strings.Contains(got.DecodingError, "yesterday") {
				t.Errorf("error %q does not name %s", got.DecodingError, name)
			}
			want := v1alpha1.AvailabilityRecord{DecodingError: got.DecodingError}
			want.Name = "a"
			if !reflect.DeepEqual(want, got) {
				t.Errorf("of an unusable account is left: %+v", got)
			}
		})
	}
}
