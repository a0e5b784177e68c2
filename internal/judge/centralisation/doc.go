// SPDX-License-Identifier: Apache-2.0

// Package centralisation judges Applications under the rule that all IT of the
// city is provided by the KDZ (Anschluss- und Benutzungszwang), sentence by
// sentence. It is pure: it is handed all that is known, and the present moment.
//
// Compile says what a policy means for the units of the city and for the names
// that are exempt; Judge says how an Application stands, and from when that can
// change by itself; Admit says whether a request to create or change one is
// refused at the door. The admission policies in config/admission say the same
// as Admit, in the API server's own language; tests hold them against each
// other.
package centralisation
