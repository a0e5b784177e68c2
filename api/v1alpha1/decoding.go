// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	stdjson "encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/json"
)

// A typed LIST fails as a whole on one item that does not decode, and the API
// server can hold such an item: a spec stored before a rule existed, or a
// status with a moment that its schema lets pass and metav1.Time does not. So
// that one such object hides no other, each kind decodes what it can of itself
// and says in DecodingError what it could not.

// The kinds without their UnmarshalJSON.
type (
	plainOrganisationalUnit OrganisationalUnit
	plainApplication        Application
	plainAvailabilityRecord AvailabilityRecord
	plainServiceLevel       ServiceLevel
	plainProject            Project
	plainHandover           Handover
	plainSignOff            SignOff
	plainExemption          Exemption
	plainGovernancePolicy   GovernancePolicy
)

// UnmarshalJSON decodes what it can; see DecodingError.
func (u *OrganisationalUnit) UnmarshalJSON(data []byte) error {
	return decode(data, (*plainOrganisationalUnit)(u), &u.TypeMeta, &u.ObjectMeta, &u.Spec, &u.Status, &u.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (a *Application) UnmarshalJSON(data []byte) error {
	return decode(data, (*plainApplication)(a), &a.TypeMeta, &a.ObjectMeta, &a.Spec, &a.Status, &a.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (r *AvailabilityRecord) UnmarshalJSON(data []byte) error {
	var none struct{}
	return decode(data, (*plainAvailabilityRecord)(r), &r.TypeMeta, &r.ObjectMeta, &none, &none, &r.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (l *ServiceLevel) UnmarshalJSON(data []byte) error {
	return decode(data, (*plainServiceLevel)(l), &l.TypeMeta, &l.ObjectMeta, &l.Spec, &l.Status, &l.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (p *Project) UnmarshalJSON(data []byte) error {
	return decode(data, (*plainProject)(p), &p.TypeMeta, &p.ObjectMeta, &p.Spec, &p.Status, &p.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (h *Handover) UnmarshalJSON(data []byte) error {
	return decode(data, (*plainHandover)(h), &h.TypeMeta, &h.ObjectMeta, &h.Spec, &h.Status, &h.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (s *SignOff) UnmarshalJSON(data []byte) error {
	var none struct{}
	return decode(data, (*plainSignOff)(s), &s.TypeMeta, &s.ObjectMeta, &s.Spec, &none, &s.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (e *Exemption) UnmarshalJSON(data []byte) error {
	return decode(data, (*plainExemption)(e), &e.TypeMeta, &e.ObjectMeta, &e.Spec, &e.Status, &e.DecodingError)
}

// UnmarshalJSON decodes what it can; see DecodingError.
func (p *GovernancePolicy) UnmarshalJSON(data []byte) error {
	return decode(data, (*plainGovernancePolicy)(p), &p.TypeMeta, &p.ObjectMeta, &p.Spec, &p.Status, &p.DecodingError)
}

// decode decodes an object as a whole or, where that fails, each part that
// does. A status that does not decode is left empty without a word, since its
// writer writes it anew; of anything else the problem is told. It is an error
// only if not even the metadata can be decoded. The pointers are those of
// whole's own fields.
func decode[W, Spec, Status any](data []byte, whole *W, t *metav1.TypeMeta, m *metav1.ObjectMeta, spec *Spec, status *Status, problem *string) error {
	var empty W
	*whole = empty
	cause := json.UnmarshalCaseSensitivePreserveInts(data, whole)
	if cause == nil {
		return nil
	}
	*whole = empty
	var parts struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
		Spec              stdjson.RawMessage `json:"spec"`
		Status            stdjson.RawMessage `json:"status"`
	}
	if err := json.UnmarshalCaseSensitivePreserveInts(data, &parts); err != nil {
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
func decodePart[T any](data stdjson.RawMessage, into *T) error {
	if data == nil {
		return nil
	}
	var part T
	if err := json.UnmarshalCaseSensitivePreserveInts(data, &part); err != nil {
		return err
	}
	*into = part
	return nil
}

// UnmarshalStrict decodes an object of this group as people write it: into is a
// pointer to one of its kinds, and a value of a wrong type is an error, and so
// is a field that the kind does not have (runtime.IsStrictDecodingError).
func UnmarshalStrict(data []byte, into runtime.Object) error {
	switch o := into.(type) {
	case *OrganisationalUnit:
		return strictly(data, (*plainOrganisationalUnit)(o))
	case *Application:
		return strictly(data, (*plainApplication)(o))
	case *AvailabilityRecord:
		return strictly(data, (*plainAvailabilityRecord)(o))
	case *ServiceLevel:
		return strictly(data, (*plainServiceLevel)(o))
	case *Project:
		return strictly(data, (*plainProject)(o))
	case *Handover:
		return strictly(data, (*plainHandover)(o))
	case *SignOff:
		return strictly(data, (*plainSignOff)(o))
	case *Exemption:
		return strictly(data, (*plainExemption)(o))
	case *GovernancePolicy:
		return strictly(data, (*plainGovernancePolicy)(o))
	default:
		return fmt.Errorf("%T is no kind of group %s", into, GroupName)
	}
}

func strictly(data []byte, into any) error {
	unfit, err := json.UnmarshalStrict(data, into)
	if err == nil && len(unfit) > 0 {
		return runtime.NewStrictDecodingError(unfit)
	}
	return err
}
