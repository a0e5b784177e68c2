// SPDX-License-Identifier: Apache-2.0

// Package admission holds the tests of the admission policies in
// config/admission, each rule accepted and refused by a real API server.
package admission
