// SPDX-License-Identifier: Apache-2.0

// Package pace says how soon and how often an object is written: a Pacer where
// its status sums up many others, Writes where the object itself is judged
// again and again. It holds no timer: it is asked, and answers.
package pace
