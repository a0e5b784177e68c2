// SPDX-License-Identifier: Apache-2.0

package lab

import "fmt"

// kernelAnswers says why nothing about an icmp endpoint can be changed.
const kernelAnswers = "the kernel answers ICMP for 127.0.0.1, not the lab, which can neither stop nor start it nor have it fail"

// kernel stands where others have a server: the lab serves nothing.
type kernel struct{}

func (kernel) close() {}

// UnchangeableError says that the lab cannot stop or start what was named.
type UnchangeableError struct {
	// Name that was asked for.
	Name string
}

// Error implements error.
func (e *UnchangeableError) Error() string { return fmt.Sprintf("%s: %s", e.Name, kernelAnswers) }
