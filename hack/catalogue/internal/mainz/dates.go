// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"fmt"
	"time"
)

// day reads a date as the papers give it, as a day: "2025-04-30" is itself, of
// a month ("2025-04") or a year ("2025") it is the last day, since that is
// when what the paper says was true at the latest. exact says that the paper
// names the day.
func day(value string) (on string, exact bool, err error) {
	if t, err := time.Parse(time.DateOnly, value); err == nil {
		return t.Format(time.DateOnly), true, nil
	}
	if t, err := time.Parse("2006-01", value); err == nil {
		return t.AddDate(0, 1, -1).Format(time.DateOnly), false, nil
	}
	if t, err := time.Parse("2006", value); err == nil {
		return t.AddDate(1, 0, -1).Format(time.DateOnly), false, nil
	}
	return "", false, fmt.Errorf("%q is no date; write a day (2025-04-30), a month (2025-04) or a year (2025)", value)
}
