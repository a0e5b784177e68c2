// SPDX-License-Identifier: Apache-2.0

// Command chart renders the templates of charts/kdz-operator from the
// kustomizations in config, and checks that what the chart installs is what
// config/default and config/policy hold.
//
//	chart render   writes charts/kdz-operator/templates
//	chart verify   lints the chart and compares what both of them install
//
// What an administrator may set is decided here, in template.go; what is
// installed is decided in config alone. The command does not know what any
// object is for.
package main
