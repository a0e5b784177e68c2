// SPDX-License-Identifier: Apache-2.0

// Package sap asks the SAPControl service (sapstartsrv) of each instance of an
// SAP system how its processes stand.
//
// A [Source] makes one probe of each declared instance (New), and a [Reader]
// says what its answer means to one declaration. Who wires them together makes
// one Source of the endpoint.Factory, reads the Secrets that [SecretNames]
// names, and sets both Check.Probe and Check.Read. Observation.Facts is a
// hosting.System then.
//
// # What is asked
//
// SOAP 1.1 by HTTP POST: GetInstanceProperties, GetProcessList,
// GetSystemInstanceList and, where it is offered, HACheckConfig. All of them
// read, and nothing else is ever sent. There is one connection a run, which ends
// with it. Redirects are not followed, and what comes back is bounded in size,
// depth and number of elements; a document type is refused.
//
// # What no answer means
//
// That SAPControl does not answer, or not to us, says nothing of the instance: a
// run that learns nothing is inconclusive, and never a failure. One that learns
// something is a success, whose Facts say what did not answer. A probe's Target
// is not that of a check of the same port, so that the two do not share the
// failure to connect.
//
// # Credentials
//
// They are sent only where a method was refused without them. Rejected ones are
// not tried again with the same version of the Secret, at no instance of the
// system, before observe.Penalty is over, so that no account gets locked.
// Before they were accepted once, one attempt is made at a time; later, a few. A
// server that does not even answer GetInstanceProperties, which is asked without
// them, is not sent them, and keeps nobody waiting.
//
// That a method is denied to a user ("Permission denied") is no rejection: the
// password was right. The method is not asked for as often then, at that
// instance only.
package sap
