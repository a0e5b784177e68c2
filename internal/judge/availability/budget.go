// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// whole is 100 per cent, in units of 10⁻⁵ per cent.
const whole share = 100_00000

// share is a part of a whole in units of 10⁻⁵ per cent.
type share int64

// shareOf reads a percentage such as "99.9" with at most five decimals.
func shareOf(p v1alpha1.Percentage) (share, error) {
	digits, decimals, _ := strings.Cut(string(p), ".")
	wrong := fmt.Errorf("%q is no percentage from 0 to 100 with a point and at most five decimals, such as 99.9", p)
	if digits == "" || len(digits) > 3 || len(decimals) > 5 || strings.HasSuffix(string(p), ".") {
		return 0, wrong
	}
	n, err := strconv.ParseUint(digits+decimals+strings.Repeat("0", 5-len(decimals)), 10, 32)
	if err != nil || share(n) > whole {
		return 0, wrong
	}
	return share(n), nil
}

// percentage writes a share without needless zeros.
func (s share) percentage() v1alpha1.Percentage {
	text := fmt.Sprintf("%d.%05d", s/1_00000, s%1_00000)
	return v1alpha1.Percentage(strings.TrimSuffix(strings.TrimRight(text, "0"), "."))
}

// ratio is part/total, rounded down; total must be above 0 and part not above
// it.
func ratio(part, total int64) share {
	high, low := bits.Mul64(uint64(part), uint64(whole))
	quotient, _ := bits.Div64(high, low, uint64(total))
	return share(quotient)
}

// Budget is how much outage an objective allows, in units of 10⁻⁷ seconds, so
// that it is exact for objectives of five decimals.
type Budget int64

// unit of a Budget: so many are a second.
const unit = 1e7

// BudgetOf returns what the objective ("99.9") allows of the agreed seconds. It
// is an error if the objective is no percentage.
func BudgetOf(objective v1alpha1.Percentage, agreed int64) (Budget, error) {
	s, err := shareOf(objective)
	if err != nil {
		return 0, err
	}
	return Budget(int64(whole-s) * agreed), nil
}

// Seconds rounds down.
func (b Budget) Seconds() int64 { return int64(b / unit) }

// String is the exact value in seconds, such as "2674.8".
func (b Budget) String() string {
	text := fmt.Sprintf("%d.%07d", b/unit, b%unit)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
