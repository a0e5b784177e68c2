// SPDX-License-Identifier: Apache-2.0

package endpoint

import "fmt"

// SpecReason says what is wrong with an endpoint's declaration.
type SpecReason string

const (
	// SpecInvalid: a value cannot be used. Somebody has to mend it.
	SpecInvalid SpecReason = "InvalidValue"
	// SpecEgressRefused: the value is an address to which checks may not
	// connect; see Egress.
	SpecEgressRefused SpecReason = "EgressRefused"
)

// SpecError says that an endpoint cannot be checked as it is declared. An
// object may be older than the rule that would have refused it.
type SpecError struct {
	// Field is the path of the field below the endpoint, such as
	// "http.bodyPattern".
	Field string
	// Reason is stable, for machines.
	Reason SpecReason
	// Detail is one phrase for people. It may quote the declaration, and
	// never holds anything of a Secret.
	Detail string
}

// Error returns the field and the detail.
func (e *SpecError) Error() string { return e.Field + ": " + e.Detail }

func invalid(field, format string, args ...any) *SpecError {
	return &SpecError{Field: field, Reason: SpecInvalid, Detail: printable(fmt.Sprintf(format, args...), maxDetail)}
}

// SecretReason says why a Secret cannot be used.
type SecretReason string

const (
	// SecretNotFound: there is no Secret of that name in the namespace.
	SecretNotFound SecretReason = "NotFound"
	// SecretUnreadable: the Secret could not be read; see SecretError.Err.
	SecretUnreadable SecretReason = "Unreadable"
	// SecretNotLabelled: the Secret does not carry the label
	// kdz.mainz.de/probe: "true", so its owner has not released it for checks.
	SecretNotLabelled SecretReason = "NotLabelled"
	// SecretKeyMissing: the Secret lacks the key, or it is empty.
	SecretKeyMissing SecretReason = "KeyMissing"
	// SecretUnusable: what the key holds cannot be used, such as a
	// certificate that cannot be parsed.
	SecretUnusable SecretReason = "Unusable"
)

// SecretError says why a Secret that an endpoint refers to cannot be used. It
// never holds anything of the Secret's data.
type SecretError struct {
	// Name of the Secret.
	Name string
	// Key of the Secret's data; empty if it is not about one key.
	Key string
	// Reason is stable, for machines.
	Reason SecretReason
	// Detail says more for SecretUnusable; empty otherwise.
	Detail string
	// Err is what the reading of the Secret returned, if anything.
	Err error
}

// Error says in one sentence what is the matter with the Secret, and what to
// do about it.
func (e *SecretError) Error() string {
	switch e.Reason {
	case SecretNotFound:
		return fmt.Sprintf("Secret %q does not exist", e.Name)
	case SecretUnreadable:
		return fmt.Sprintf("Secret %q could not be read", e.Name)
	case SecretNotLabelled:
		return fmt.Sprintf("Secret %q lacks the label kdz.mainz.de/probe: \"true\" that allows checks to use it", e.Name)
	case SecretKeyMissing:
		return fmt.Sprintf("Secret %q has no key %q", e.Name, e.Key)
	default:
		return fmt.Sprintf("key %q of Secret %q cannot be used: %s", e.Key, e.Name, e.Detail)
	}
}

// Unwrap returns what the reading of the Secret returned, if anything.
func (e *SecretError) Unwrap() error { return e.Err }
