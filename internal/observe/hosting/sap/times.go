// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"strconv"
	"strings"
	"time"
)

// startLayout is how SAPControl writes when a process began.
const startLayout = "2006 1 2 15:4:5"

// parseStart reads when a process began: "2021 09 28 16:58:24", in the host's
// own time and without a zone. The zero time stands for what cannot be read.
func parseStart(s string) time.Time {
	t, err := time.Parse(startLayout, strings.Join(strings.Fields(s), " "))
	if err != nil || t.Year() < 1 {
		return time.Time{}
	}
	return t
}

// maxElapsed bounds what is believed of how long a process has run.
const maxElapsed = 100 * 365 * 24 * time.Hour

// parseElapsed reads how long a process has run: "1557:46:59", hours that may
// be many, minutes and seconds. ok is false for what cannot be read.
func parseElapsed(s string) (d time.Duration, ok bool) {
	parts := strings.Split(strings.TrimSpace(s), ":")
	if len(parts) != 3 {
		return 0, false
	}
	units := [...]struct {
		of  time.Duration
		max uint64
	}{{time.Hour, uint64(maxElapsed / time.Hour)}, {time.Minute, 59}, {time.Second, 59}}
	for i, part := range parts {
		n, err := strconv.ParseUint(part, 10, 32)
		if err != nil || n > units[i].max {
			return 0, false
		}
		d += time.Duration(n) * units[i].of
	}
	return d, true
}
