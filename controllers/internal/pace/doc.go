// SPDX-License-Identifier: Apache-2.0

// Package pace says how soon and how often an object is written whose status
// sums up many others. It holds no timer: it is asked, and answers.
package pace
