// SPDX-License-Identifier: Apache-2.0

// Package mainz makes the Mainz catalogue of the tables in
// hack/catalogue/data: the units of the city, their namespaces, the policy,
// the service levels, the applications and the projects, as typed objects of
// group kdz.mainz.de, and the files that hold them.
//
// The package is pure: it reads tables through an fs.FS and returns objects
// and bytes. It states no fact about Mainz that is not in a table, and it
// never fills a gap silently: what the papers do not say is marked on the
// object by an annotation (see AnnotationInferred and
// v1alpha1.AnnotationExample).
package mainz
