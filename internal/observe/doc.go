// SPDX-License-Identifier: Apache-2.0

// Package observe looks at the world. Its engine asks each question at its
// time, once for everybody who wants the answer, and tells its subscribers
// only when an answer changes what they know.
//
// The package decides when to ask and when a streak of answers is enough to
// believe. It does not decide what an answer means for an Application: that
// is what the packages below internal/judge are for, and neither imports the
// other. How a question is asked is the matter of one package a world:
// endpoint, hosting, backup.
package observe
