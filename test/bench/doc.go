// SPDX-License-Identifier: Apache-2.0

// Command bench measures what the operator costs, against a limit or a peer in
// the same run: `make bench`, or `go run ./test/bench`, at the root of the
// repository. It prints one table, and writes it to docs/benchmarks.md with
// machine, versions and method if all rows were measured.
//
// A [row] measures one thing and gives one or more [line]s of the table. Each
// has a file of its own, row_*.go, and an entry in the table in rows.go. Most
// rows are a [comparison]: two sides do the same work in turn, A B B A, several
// rounds, each turn ([leg]) with fresh objects in a fresh process of this very
// program ([worker]). What a turn cost is read from /proc, of whichever
// processes do the work, in the same way for both sides; see [child]. The
// ratio is the geometric mean over the rounds, with a confidence interval
// ([ratioOf]).
//
// Everything listens on and connects to 127.0.0.0/8, at ports below 32768 so
// that no outgoing connection can take them, and ends with the program, however
// that ends. It needs Linux.
package main
