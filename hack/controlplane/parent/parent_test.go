// SPDX-License-Identifier: Apache-2.0

package parent

import (
	"os"
	"strconv"
	"testing"
	"time"
)

func TestFollowRefuses(t *testing.T) {
	for name, want := range map[string]string{
		"a word":         "parent",
		"zero":           "0",
		"negative":       "-1",
		"another parent": strconv.Itoa(os.Getppid() + 1),
	} {
		t.Run(name, func(t *testing.T) {
			if err := Follow(want, func(int) { t.Error("exit called") }); err == nil {
				t.Errorf("Follow(%q) = nil, want an error", want)
			}
		})
	}
}

func TestFollowAsksForNothing(t *testing.T) {
	if err := Follow("", func(int) { t.Error("exit called") }); err != nil {
		t.Errorf("Follow(\"\") = %v", err)
	}
}

func TestAwaitReturnsOnlyWithAnotherParent(t *testing.T) {
	parents := []int{7, 7, 1}
	var asked int
	getppid := func() int {
		asked++
		return parents[asked-1]
	}
	ticks := make(chan time.Time, 5)
	for range 5 {
		ticks <- time.Time{}
	}
	await(7, getppid, ticks)
	if asked != 3 {
		t.Errorf("returned after %d looks, want 3", asked)
	}
}
