// SPDX-License-Identifier: Apache-2.0

// Package leadership says which of several replicas may write. All of them
// observe and judge; what one that does not lead would write is refused before
// it leaves the process, and done again once it leads. It decides nothing about
// what is written.
package leadership
