// SPDX-License-Identifier: Apache-2.0

// Package prometheus asks a Prometheus server whether an Application can be
// used. A query tells it whose result is exactly one sample, 1 for yes and 0
// for no. Likewise it asks when something happened last, such as a backup: then
// the sample is a time in Unix seconds.
//
// Anything else decides nothing: no sample or several, another value, a sample
// that is too old, an error, a server that cannot be reached. That monitoring
// is out of order is no outage of the Application, so such a check is never a
// failure, not even one of the path. Only a 0 is.
//
// # How old a sample is
//
// An instant query gives its samples the time of its evaluation, and looks back
// for them as far as the server likes, five minutes by default. So a sample of
// a target that has vanished would count long after its time. What asks for no
// more than one selector is therefore put so that it has a result only if there
// is a sample in the last two intervals; every server understands that. Any
// other expression is sent with the parameter lookback_delta, which Prometheus
// knows from version 2.43 on and older ones ignore without a word. Whether the
// server ignores it is found out by a value that no server can accept; of one
// that does, an expression decides nothing.
//
// Neither concerns a range that the query itself names, as in
// max_over_time(up[1h]): how far that looks back is its author's choice.
package prometheus
