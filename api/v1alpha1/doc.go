// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 holds the resource model of group kdz.mainz.de: what the
// Kommunale Datenzentrale Mainz (KDZ) and the city's main office declare about
// IT services, agreements, projects and exceptions, and what the operator
// tells back in status.
//
// The package holds types, their validation markers, condition types, reasons
// and accessors. It decides nothing and reads nothing.
//
// Conventions that hold for every kind:
//
//   - A field whose name ends in On is a day (RFC 3339 full-date) in
//     Europe/Berlin and holds to the end of that day. A field whose name ends
//     in At is a moment (RFC 3339 date-time).
//   - Durations, days and moments that people write are strings with a
//     pattern. A decoder that insists on a parsed type would fail on a value
//     stored before a pattern existed, and one such object would then hide
//     every other object of its kind from the operator.
//   - There are no floating-point numbers: shares and percentages are decimal
//     strings.
//   - No controller writes a spec field.
//
// +kubebuilder:object:generate=true
// +groupName=kdz.mainz.de
package v1alpha1
