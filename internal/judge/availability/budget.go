// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// decimals of a percentage.
	decimals = 5
	// hundred is 100 % in units of 10⁻⁵ %.
	hundred = 100_00000
)

// Budget is how much outage an objective allows, in units of 10⁻⁷ seconds, so
// that it is exact for objectives of five decimals.
type Budget int64

// BudgetOf returns what the objective ("99.9") allows of the agreed seconds,
// which are at most 9·10¹¹. It is an error if the objective is no percentage.
func BudgetOf(objective v1alpha1.Percentage, agreed int64) (Budget, error) {
	units, err := unitsOf(objective)
	if err != nil {
		return 0, err
	}
	return Budget((hundred - units) * max(agreed, 0)), nil
}

// Seconds rounds down.
func (b Budget) Seconds() int64 { return int64(b / hundred) }

// String is the exact value in seconds, such as "2674.8".
func (b Budget) String() string {
	sign := ""
	if b < 0 {
		sign, b = "-", -b
	}
	return sign + decimal(int64(b), 7)
}

// exceededBy reports whether the charged seconds are more than the budget.
func (b Budget) exceededBy(charged int64) bool { return charged > b.Seconds() }

// low reports whether less than a tenth of the budget is left.
func (b Budget) low(charged int64) bool { return charged > b.mostBeforeLow() }

// mostBeforeLow is how many whole seconds can be charged while a tenth of the
// budget is left.
func (b Budget) mostBeforeLow() int64 { return int64(b-(b+9)/10) / hundred }

// unitsOf reads a percentage, in units of 10⁻⁵ %.
func unitsOf(p v1alpha1.Percentage) (int64, error) {
	bad := func() (int64, error) {
		return 0, fmt.Errorf("%q is not a percentage of 0 to 100 with up to five decimals, such as 99.9", p)
	}
	whole, fraction, pointed := strings.Cut(string(p), ".")
	if len(whole) < 1 || len(whole) > 3 || len(fraction) > decimals || pointed && fraction == "" {
		return bad()
	}
	fraction += strings.Repeat("0", decimals-len(fraction))
	units, err := strconv.ParseUint(whole+fraction, 10, 63)
	if err != nil || units > hundred {
		return bad()
	}
	return int64(units), nil
}

// percentage writes units of 10⁻⁵ %.
func percentage(units int64) v1alpha1.Percentage {
	return v1alpha1.Percentage(decimal(units, decimals))
}

// decimal writes a number that has so many decimals, without zeros at its end.
func decimal(n int64, places int) string {
	digits := strconv.FormatInt(n, 10)
	if missing := places + 1 - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	whole, fraction := digits[:len(digits)-places], strings.TrimRight(digits[len(digits)-places:], "0")
	if fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// availabilityOf is the share of the agreed and observed time that was not
// charged, rounded down; empty where no agreed time was observed.
func availabilityOf(agreed, unobserved, charged int64) v1alpha1.Percentage {
	observed := agreed - unobserved
	if observed <= 0 {
		return ""
	}
	up := min(max(observed-charged, 0), observed)
	return percentage(share(up, hundred, observed))
}

// covered reports whether enough of the agreed time was observed. As long as no
// time was agreed, nothing is missing.
func covered(agreed, unobserved, minimum int64) bool {
	return agreed <= 0 || (agreed-unobserved)*hundred >= minimum*agreed
}

// share returns part × of / whole, rounded down, for 0 ≤ part ≤ whole.
func share(part, of, whole int64) int64 {
	if whole <= 0 || part <= 0 || of <= 0 {
		return 0
	}
	high, low := bits.Mul64(uint64(min(part, whole)), uint64(of))
	quotient, _ := bits.Div64(high, low, uint64(whole))
	return int64(quotient)
}
