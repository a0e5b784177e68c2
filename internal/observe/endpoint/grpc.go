// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe"
)

func (f *Factory) newGRPC(_ common, _ *v1alpha1.Endpoint, _ *secretReader, _ *question) (observe.Probe, error) {
	return nil, invalid("url", "there is no check for this scheme")
}
