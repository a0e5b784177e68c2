// SPDX-License-Identifier: Apache-2.0

package exporter

import (
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/prometheus/common/expfmt"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// maxDetail bounds what a message quotes, in bytes.
const maxDetail = 100

// unreachable says why no answer came.
func (a *asking) unreachable(ctx context.Context, err error) *finding {
	var dial *endpoint.DialError
	switch {
	case errors.Is(a.asked.Err(), context.Canceled):
		return &finding{observe.ClassLocal, observe.StepRequest, endpoint.ReasonCancelled, "The check was called off."}
	case errors.As(err, &dial) && dial.Class == observe.ClassLocal:
		return &finding{observe.ClassLocal, observe.StepConnect, dial.Reason, dial.Message}
	case errors.As(err, &dial):
		f := doubt(observe.StepConnect, dial.Reason, "No metrics from %s: %s", a.host, dial.Message)
		if dial.Reason == endpoint.ReasonConnectionRefused {
			f.message += " Does " + a.wanted.exporter + " run?"
		}
		return f
	case ctx.Err() != nil:
		return doubt(observe.StepRequest, endpoint.ReasonResponseTimeout,
			"%s did not answer within %v: a collector of %s may hang.", a.host, a.timeout, a.wanted.exporter)
	}
	if f := a.handshake(err); f != nil {
		return f
	}
	if _, ok := errors.AsType[*net.OpError](err); ok || endedEarly(err) {
		return doubt(observe.StepRequest, endpoint.ReasonConnectionClosed, "%s closed the connection before it answered in full.", a.host)
	}
	return doubt(observe.StepRequest, endpoint.ReasonProtocolError,
		"%s did not answer in HTTP: %s.", a.host, endpoint.Printable(err.Error(), maxDetail))
}

// handshake says why TLS did not come about; nil if it is not about that.
func (a *asking) handshake(err error) *finding {
	if verification, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return doubt(observe.StepHandshake, certificateReason(verification.Err), "The certificate of %s is not trusted: %s.",
			a.host, endpoint.Printable(verification.Err.Error(), maxDetail))
	}
	if _, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return doubt(observe.StepHandshake, endpoint.ReasonProtocolError, "%s does not speak TLS: does its URL begin with http://?", a.host)
	}
	if _, ok := errors.AsType[tls.AlertError](err); !ok {
		return nil
	}
	return doubt(observe.StepHandshake, endpoint.ReasonHandshakeFailed, "The TLS handshake with %s failed: %s.",
		a.host, endpoint.Printable(err.Error(), maxDetail))
}

func certificateReason(err error) string {
	var (
		invalid  x509.CertificateInvalidError
		hostname x509.HostnameError
		unknown  x509.UnknownAuthorityError
	)
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return endpoint.ReasonCertificateExpired
	case errors.As(err, &hostname):
		return endpoint.ReasonCertificateHostMismatch
	case errors.As(err, &unknown):
		return endpoint.ReasonCertificateUnknownAuthority
	}
	return endpoint.ReasonCertificateInvalid
}

// unreadable says why a body was not understood, or did not come in full.
func (a *asking) unreadable(ctx context.Context, err error) *finding {
	var (
		parsing expfmt.ParseError
		corrupt flate.CorruptInputError
	)
	switch {
	case errors.Is(err, errNoMetrics):
		return a.noMetrics()
	case isTooLarge(err):
		return doubt(observe.StepExpectation, endpoint.ReasonAnswerTooLarge, "The answer of %s %v.", a.host, err)
	case errors.As(err, &parsing):
		return a.broken("a line is wrong, " + parsing.Msg)
	case errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.As(err, &corrupt):
		return a.broken("it is no valid gzip")
	case errors.Is(err, errEncoding):
		return a.broken(err.Error())
	case ctx.Err() == nil && endedEarly(err):
		return doubt(observe.StepRequest, endpoint.ReasonConnectionClosed, "The answer of %s ends too early.", a.host)
	}
	return a.unreachable(ctx, err)
}

func (a *asking) broken(detail string) *finding {
	return doubt(observe.StepExpectation, endpoint.ReasonProtocolError,
		"The answer of %s cannot be read: %s.", a.host, endpoint.Printable(detail, maxDetail))
}

func (a *asking) noMetrics() *finding {
	return doubt(observe.StepExpectation, endpoint.ReasonProtocolError,
		"%s answers with no text of metrics but something else, such as a web page: %s has its metrics at /metrics.", a.host, a.wanted.exporter)
}

func isTooLarge(err error) bool {
	return slices.ContainsFunc([]error{errBodyTooLong, errLineTooLong, errManyLabels, errTooMuchWanted}, func(limit error) bool {
		return errors.Is(err, limit)
	})
}

func endedEarly(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errTruncated)
}
