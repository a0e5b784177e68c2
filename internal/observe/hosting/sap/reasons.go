// SPDX-License-Identifier: Apache-2.0

package sap

// Reasons of what decides nothing. Those of package endpoint for connections,
// handshakes and silence come beside them, v1alpha1.ReasonForbidden where a
// method is denied to the user, and observe.ReasonCredentialsRejected.
const (
	// ReasonCredentialsRequired: SAPControl asks for a user and a password, and
	// no Secret is declared.
	ReasonCredentialsRequired = "CredentialsRequired"
	// ReasonCredentialsUntried: another instance is being asked with credentials
	// that were not accepted yet, and until they are one is at a time.
	ReasonCredentialsUntried = "CredentialsUntried"
	// ReasonFault: SAPControl answered with a SOAP fault.
	ReasonFault = "SOAPFault"
	// ReasonAnswerInvalid: the answer is not that of SAPControl, or ends too
	// early.
	ReasonAnswerInvalid = "AnswerInvalid"
	// ReasonAnswerTooLarge: the answer is longer than MaxBody, nested deeper than
	// MaxDepth, or has more than MaxElements elements.
	ReasonAnswerTooLarge = "AnswerTooLarge"
	// ReasonEncodingRefused: the answer is neither in UTF-8 nor in ISO-8859-1.
	ReasonEncodingRefused = "EncodingRefused"
	// ReasonOtherSystem: what answers is an instance of another SAP system than
	// the declared one.
	ReasonOtherSystem = "OtherSystem"
	// ReasonStatusUnknown: SAPControl shows a status that is none of GREEN,
	// YELLOW, RED and GRAY.
	ReasonStatusUnknown = "StatusUnknown"
)

// ReasonInstanceUndeclared (Degraded): an instance of the system that nobody
// declared is RED or GRAY.
const ReasonInstanceUndeclared = "InstanceUndeclared"

// Bounds of what is read of an answer.
const (
	// MaxBody bounds the body, in bytes.
	MaxBody = 1 << 20
	// MaxHeader bounds the header, in bytes.
	MaxHeader = 64 << 10
	// MaxDepth bounds how deep elements are nested.
	MaxDepth = 16
	// MaxElements bounds how many elements there are.
	MaxElements = 20_000
)
