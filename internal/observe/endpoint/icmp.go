// SPDX-License-Identifier: Apache-2.0

package endpoint

import "kdz.mainz.de/operator/internal/observe"

func (f *Factory) newICMP(_ common, _ *question) (observe.Probe, error) {
	return nil, invalid("url", "there is no check for this scheme")
}
