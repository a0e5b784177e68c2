// SPDX-License-Identifier: Apache-2.0

package main

// blackbox is the exporter of Debian's package.
const blackbox = "prometheus-blackbox-exporter"
