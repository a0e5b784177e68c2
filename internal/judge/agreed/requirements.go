// SPDX-License-Identifier: Apache-2.0

package agreed

import (
	"fmt"
	"strconv"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Declaration is what an Application declares of that which an agreement can
// require. It is small and comparable.
type Declaration struct {
	confidentiality, integrity, availability need
	// sovereignty is one more than what is declared; 0 means that nothing is.
	sovereignty uint8
}

// need is a protection need by rank, so that needs can be compared.
type need uint8

const (
	normal need = iota
	high
	veryHigh
)

func needOf(l v1alpha1.ProtectionLevel) need {
	switch l {
	case v1alpha1.ProtectionVeryHigh:
		return veryHigh
	case v1alpha1.ProtectionHigh:
		return high
	}
	return normal
}

func (n need) String() string {
	switch n {
	case veryHigh:
		return string(v1alpha1.ProtectionVeryHigh)
	case high:
		return string(v1alpha1.ProtectionHigh)
	}
	return string(v1alpha1.ProtectionNormal)
}

// DeclarationOf returns what an Application declares. Protection that is not
// declared is Normal; sovereignty that is not declared is none.
func DeclarationOf(app *v1alpha1.Application) Declaration {
	var d Declaration
	if p := app.Spec.Protection; p != nil {
		d.confidentiality, d.integrity, d.availability = needOf(p.Confidentiality), needOf(p.Integrity), needOf(p.Availability)
	}
	if s := app.Spec.Sovereignty; s != nil {
		const full = 4 // the scale's end, by the schema
		d.sovereignty = uint8(min(max(*s, 0), full)) + 1
	}
	return d
}

// Lack is something that an agreement requires and an Application does not
// declare.
type Lack struct {
	// Field of the Application's spec.
	Field string
	// Declared there; "nothing" if nothing is.
	Declared string
	// Required at least.
	Required string
}

// String says it in a few words.
func (l Lack) String() string {
	return fmt.Sprintf("%s is %s, required is %s", l.Field, l.Declared, l.Required)
}

// Lacks returns what is required and not declared, in the order of the spec.
// Nil requirements require nothing.
func (d Declaration) Lacks(r *v1alpha1.Requirements) []Lack {
	if r == nil {
		return nil
	}
	var lacks []Lack
	if p := r.Protection; p != nil {
		for _, of := range []struct {
			field    string
			declared need
			required v1alpha1.ProtectionLevel
		}{
			{"protection.confidentiality", d.confidentiality, p.Confidentiality},
			{"protection.integrity", d.integrity, p.Integrity},
			{"protection.availability", d.availability, p.Availability},
		} {
			if of.declared < needOf(of.required) {
				lacks = append(lacks, Lack{Field: of.field, Declared: of.declared.String(), Required: string(of.required)})
			}
		}
	}
	if s := r.Sovereignty; s != nil && int32(d.sovereignty)-1 < *s {
		declared := "nothing"
		if d.sovereignty > 0 {
			declared = strconv.Itoa(int(d.sovereignty) - 1)
		}
		lacks = append(lacks, Lack{Field: "sovereignty", Declared: declared, Required: strconv.Itoa(int(*s))})
	}
	return lacks
}

// Meets says whether all that is required is declared.
func (d Declaration) Meets(r *v1alpha1.Requirements) bool { return len(d.Lacks(r)) == 0 }

// Requires says whether an agreement requires anything of its Applications.
func Requires(r *v1alpha1.Requirements) bool {
	if r == nil {
		return false
	}
	p := r.Protection
	return r.Sovereignty != nil || p != nil && (p.Confidentiality != "" || p.Integrity != "" || p.Availability != "")
}
