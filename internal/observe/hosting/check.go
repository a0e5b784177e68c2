// SPDX-License-Identifier: Apache-2.0

package hosting

import (
	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/cluster"
)

// Check is how one system is looked at.
type Check struct {
	// Name of the system, unique among those of an Application: "web01",
	// "P01/00 on sapapp1".
	Name string
	// Field of the spec that declares it.
	Field string
	// Probe that asks it; nil if that cannot be done.
	Probe observe.Probe
	// Read says what its answer means. It returns the Facts of a System.
	Read func(observe.Result) observe.Result
	// Queries of the cluster that the Probe reads, to be ensured for it.
	Queries []cluster.Query
	// Err says why it cannot be asked: *endpoint.SpecError for what a person
	// must mend in the spec, *endpoint.SecretError for what is the matter with a
	// Secret.
	Err error
}
