// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCycle(t *testing.T) {
	edges := map[string][]string{"a": {"b", "c"}, "b": {"d"}, "c": {"d", "a"}, "e": {"e"}, "f": {"a"}}
	for start, want := range map[string]string{
		"a": "a → c → a", "c": "c → a → c", "e": "e → e", "b": "", "d": "", "f": "", "g": "",
	} {
		if got := cycle(start, edges); got != want {
			t.Errorf("cycle(%q): got %q, want %q", start, got, want)
		}
	}
}

// TestCycleIsReal compares with the simplest definition: there is a circle if
// the start can be reached from itself.
func TestCycleIsReal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const nodes = 6
		edges := map[string][]string{}
		reach := [nodes][nodes]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "edges") {
			a, b := rapid.IntRange(0, nodes-1).Draw(t, "from"), rapid.IntRange(0, nodes-1).Draw(t, "to")
			edges[strconv.Itoa(a)] = append(edges[strconv.Itoa(a)], strconv.Itoa(b))
			reach[a][b] = true
		}
		for k := range nodes {
			for i := range nodes {
				for j := range nodes {
					reach[i][j] = reach[i][j] || reach[i][k] && reach[k][j]
				}
			}
		}
		for i := range nodes {
			way := cycle(strconv.Itoa(i), edges)
			if (way != "") != reach[i][i] {
				t.Fatalf("node %d: got %q, reachable from itself: %v", i, way, reach[i][i])
			}
			if n := strconv.Itoa(i); way != "" && (!strings.HasPrefix(way, n+" ") || !strings.HasSuffix(way, " "+n)) {
				t.Fatalf("node %d: %q does not lead back", i, way)
			}
		}
	})
}
