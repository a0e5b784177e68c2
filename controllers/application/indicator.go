// SPDX-License-Identifier: Apache-2.0

package application

// indicatorCheck is the name of the check that asks the source which stands for
// the availability of an Application.
const indicatorCheck = "indicator"
