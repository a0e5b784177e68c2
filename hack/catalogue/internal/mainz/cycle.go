// SPDX-License-Identifier: Apache-2.0

package mainz

import "strings"

// cycle follows the edges from start and returns the way back to it, such as
// "a → b → a", or nothing if there is none.
func cycle(start string, edges map[string][]string) string {
	seen := map[string]bool{}
	var walk func(at string, way []string) []string
	walk = func(at string, way []string) []string {
		for _, next := range edges[at] {
			if next == start {
				return append(way, next)
			}
			if seen[next] {
				continue
			}
			seen[next] = true
			if found := walk(next, append(way, next)); found != nil {
				return found
			}
		}
		return nil
	}
	return strings.Join(walk(start, []string{start}), " → ")
}
