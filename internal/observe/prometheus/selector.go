// SPDX-License-Identifier: Apache-2.0

package prometheus

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// name of a metric in PromQL.
const name = `[a-zA-Z_:][a-zA-Z0-9_:]*`

// matcher of a label: between the quotes may be anything but the end of them.
const matcher = `[a-zA-Z_][a-zA-Z0-9_]*\s*(?:=~|!~|!=|=)\s*(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')`

// bounded returns a query that has the result of the given one if there was a
// sample within the window, and none else. That can be said of a query that is
// one selector of series and nothing more; ok says whether it is.
func bounded(query string, window time.Duration) (fresh string, ok bool) {
	q := strings.TrimSpace(query)
	if !isSelector(q) {
		return "", false
	}
	// The left side keeps to the marks that Prometheus sets when a series
	// ends, which ranges do not know.
	return fmt.Sprintf("%s and count_over_time(%s[%dms])", q, q, window.Milliseconds()), true
}

// selector is a single selector without offset.
var selector = regexp.MustCompile(`^(?:` + name + `)?\s*(?:\{\s*(?:` + matcher + `\s*(?:,\s*` + matcher + `\s*)*,?\s*)?\})?$`)

func isSelector(q string) bool { return q != "" && selector.MatchString(q) }
