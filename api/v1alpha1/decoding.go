// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kjson "k8s.io/apimachinery/pkg/util/json"
)

// A typed LIST fails as a whole on one item that does not decode, and the API
// server can hold such an item: a spec stored before a rule existed, or a
// status with a moment that its schema lets pass and metav1.Time does not. So
// that one such object hides no other, each kind decodes what it can of itself
// and says in DecodingError what it could not.

// UnmarshalJSON decodes what it can; see DecodingError.
func (u *OrganisationalUnit) UnmarshalJSON(data []byte) error {
	type plain OrganisationalUnit
	return decode(data, (*plain)(u), &u.TypeMeta, &u.ObjectMeta, &u.Spec, &u.Status, &u.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (a *Application) UnmarshalJSON(data []byte) error {
	type plain Application
	return decode(data, (*plain)(a), &a.TypeMeta, &a.ObjectMeta, &a.Spec, &a.Status, &a.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (r *AvailabilityRecord) UnmarshalJSON(data []byte) error {
	type plain AvailabilityRecord
	var none struct{}
	return decode(data, (*plain)(r), &r.TypeMeta, &r.ObjectMeta, &none, &none, &r.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (l *ServiceLevel) UnmarshalJSON(data []byte) error {
	type plain ServiceLevel
	return decode(data, (*plain)(l), &l.TypeMeta, &l.ObjectMeta, &l.Spec, &l.Status, &l.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (p *Project) UnmarshalJSON(data []byte) error {
	type plain Project
	return decode(data, (*plain)(p), &p.TypeMeta, &p.ObjectMeta, &p.Spec, &p.Status, &p.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (h *Handover) UnmarshalJSON(data []byte) error {
	type plain Handover
	return decode(data, (*plain)(h), &h.TypeMeta, &h.ObjectMeta, &h.Spec, &h.Status, &h.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (s *SignOff) UnmarshalJSON(data []byte) error {
	type plain SignOff
	var none struct{}
	return decode(data, (*plain)(s), &s.TypeMeta, &s.ObjectMeta, &s.Spec, &none, &s.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (e *Exemption) UnmarshalJSON(data []byte) error {
	type plain Exemption
	return decode(data, (*plain)(e), &e.TypeMeta, &e.ObjectMeta, &e.Spec, &e.Status, &e.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (p *GovernancePolicy) UnmarshalJSON(data []byte) error {
	type plain GovernancePolicy
	return decode(data, (*plain)(p), &p.TypeMeta, &p.ObjectMeta, &p.Spec, &p.Status, &p.DecodingError)
}

// decode decodes an object as a whole or, where that fails, each part that
// does. A status that does not decode is left empty without a word, since its
// writer writes it anew; of anything else the problem is told. It is an error
// only if not even the metadata can be decoded. The pointers are those of
// whole's own fields.
func decode[W, Spec, Status any](data []byte, whole *W, t *metav1.TypeMeta, m *metav1.ObjectMeta, spec *Spec, status *Status, problem *string) error {
	var empty W
	*whole = empty
	cause := kjson.Unmarshal(data, whole)
	if cause == nil {
		return nil
	}
	*whole = empty
	var parts struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              json.RawMessage `json:"spec"`
		Status            json.RawMessage `json:"status"`
	}
	if err := kjson.Unmarshal(data, &parts); err != nil {
		return err
	}
	*t, *m = parts.TypeMeta, parts.ObjectMeta
	if parts.Spec == nil && parts.Status == nil {
		*problem = cause.Error()
		return nil
	}
	_ = decodePart(parts.Status, status)
	if err := decodePart(parts.Spec, spec); err != nil {
		*problem = "spec: " + err.Error()
	}
	return nil
}

// decodePart decodes a part if it is there, and all of it or nothing.
func decodePart[T any](data json.RawMessage, into *T) error {
	if data == nil {
		return nil
	}
	var part T
	if err := kjson.Unmarshal(data, &part); err != nil {
		return err
	}
	*into = part
	return nil
}
