// SPDX-License-Identifier: Apache-2.0

// Package sapcontrol answers like the SAPControl service (sapstartsrv) of each
// instance of an SAP system: the demo and tests observe it.
//
// A [System] is made of its instances, each of which is an http.Handler, to be
// served wherever one likes. It knows the four methods that the operator calls,
// answers others with the fault of a method that is not implemented, and a GET of
// /?wsdl with a description of them. How processes stand, who may call what, and
// how badly it answers can be changed while it runs.
//
// Like the real service it answers 401 to whoever shows no credentials and needs
// them, and with a SOAP fault to whoever shows wrong ones.
package sapcontrol
