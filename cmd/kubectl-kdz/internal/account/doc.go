// SPDX-License-Identifier: Apache-2.0

// Package account shows the account of an Application's availability as a
// person reads it: what was agreed, what of it was kept, which outages there
// were, and what was subtracted from each and why.
//
// An account is stored when something happens. What has passed since then is
// added by the judge of accounts, as far as the operator has recorded it; nothing
// else is judged anew. It is pure: objects and the present moment are passed in,
// and text is returned.
package account
