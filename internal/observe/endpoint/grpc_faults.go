// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"crypto/tls"
	"errors"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	grpcstatus "google.golang.org/grpc/status"

	"kdz.mainz.de/operator/internal/observe"
)

// alpnHTTP2 names HTTP/2 over TLS (RFC 9113, section 3.1).
const alpnHTTP2 = "h2"

// noProtocol ends the message of a handshake that the server refused because it
// speaks none of the protocols offered (RFC 7301, section 3.2).
var noProtocol = strings.TrimPrefix(tls.AlertError(120).Error(), "tls: ") + "."

// judgeHealth compares what the health service answered with what is expected.
func (p *grpcProbe) judgeHealth(s healthpb.HealthCheckResponse_ServingStatus) *fault {
	of := "The server says of itself"
	if p.service != "" {
		of = "The server says of service " + printable(p.service, maxDetail)
	}
	switch s {
	case healthpb.HealthCheckResponse_SERVING:
		return nil
	case healthpb.HealthCheckResponse_NOT_SERVING:
		return targetFault(ReasonNotServing, of+" that it is not serving (NOT_SERVING).")
	case healthpb.HealthCheckResponse_SERVICE_UNKNOWN:
		return p.unknownService()
	case healthpb.HealthCheckResponse_UNKNOWN:
		return targetFault(ReasonHealthUnknown, of+" that its health is unknown (UNKNOWN).")
	default:
		return targetFault(ReasonHealthUnknown, of+" something that the protocol does not know: "+strconv.Itoa(int(s))+".")
	}
}

func (p *grpcProbe) unknownService() *fault {
	if p.service == "" {
		return targetFault(ReasonServiceUnknown, "The health service does not know the health of the server as a whole: name one of its services.")
	}
	return targetFault(ReasonServiceUnknown, "The health service does not know a service "+printable(p.service, maxDetail)+".")
}

// callFault says why there is no usable answer to a call.
func (p *grpcProbe) callFault(r *run, err error, seen *sight) *fault {
	if f := r.commonFault(seen.err); f != nil {
		return f
	}
	s, _ := grpcstatus.FromError(err)
	// A server may say as well that the time is over, and a moment too early.
	tooLate := (s.Code() == codes.Canceled || s.Code() == codes.DeadlineExceeded) && r.nearlyOver()
	if seen.answered && !tooLate && !madeHere(s) {
		return p.statusFault(r, s, seen)
	}
	switch {
	case seen.foreign() && seen.beginsWith("HTTP/"):
		return targetFault(ReasonProtocolError, r.address+" answered in HTTP/1.1 where HTTP/2 was asked for.")
	case seen.foreign():
		return targetFault(ReasonProtocolError, r.address+" answered with something that is not HTTP/2.")
	case s.Code() == codes.Unavailable && errors.Is(seen.err, errTooMuch):
		return targetFault(ReasonProtocolError, r.address+" sent more than 256 KiB and no answer.")
	case tooLate, r.ctx.Err() != nil:
		return r.talkFault(context.DeadlineExceeded, ReasonResponseTimeout, "answer in full")
	case seen.goneAway:
		return targetFault(ReasonConnectionClosed, r.address+" ended the connection instead of answering (GOAWAY, "+seen.code.String()+").")
	case seen.brokenOff:
		return targetFault(ReasonConnectionClosed, r.address+" broke off the call instead of answering (RST_STREAM, "+seen.code.String()+").")
	}
	if seen.secured != nil && seen.err != nil {
		// In TLS 1.3 a refused client certificate shows only here.
		if f := r.refusal(seen.err, seen.secured); f != nil {
			return f
		}
	}
	if seen.err != nil {
		if f := r.talkFault(seen.err, ReasonResponseTimeout, "answer in full"); f != nil {
			return f
		}
	}
	return p.nonsense(r, s, seen)
}

// nearlyOver reports whether the time of the check is over, but for a moment. A
// server is told how much time it has, and neither its timers nor ours are exact.
func (r *run) nearlyOver() bool {
	const moment = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(r.ctx, moment)
	defer cancel()
	soon, _ := ctx.Deadline()
	return !soon.Before(r.deadline)
}

// madeHere reports whether a status that came with the end of an answer is the
// library's own all the same: what came before that end was no answer. Should a
// server use the same words, it has failed as well.
func madeHere(s *grpcstatus.Status) bool {
	if s.Code() != codes.Internal && s.Code() != codes.ResourceExhausted {
		return false
	}
	return strings.HasPrefix(s.Message(), "grpc: ") || strings.HasPrefix(s.Message(), "cardinality violation")
}

// statusFault judges a status with which the server ended the call.
func (p *grpcProbe) statusFault(r *run, s *grpcstatus.Status, seen *sight) *fault {
	r.enter(observe.StepExpectation)
	switch s.Code() {
	case codes.NotFound:
		return p.unknownService()
	case codes.Unimplemented:
		return targetFault(ReasonNoHealthService, "The server has no health service (grpc.health.v1.Health).")
	}
	if f := credentialFault(s.Code(), seen); f != nil {
		return f
	}
	message := "The server answered with status " + s.Code().String()
	if s.Message() != "" {
		message += r.because(s.Message())
	}
	return targetFault(ReasonUnexpectedStatus, message+".")
}

// credentialFault returns the fault if the code says that the client
// certificate, which is all that a check identifies with, was not accepted.
func credentialFault(code codes.Code, seen *sight) *fault {
	if code != codes.Unauthenticated || seen.secured == nil || !seen.secured.asked || !seen.secured.identified {
		return nil
	}
	return &fault{
		outcome: observe.OutcomeInconclusive, class: observe.ClassNone, reason: ReasonCredentialsRejected,
		message: "The server answered with status " + code.String() + " to the client certificate.",
	}
}

// nonsense is for what a server sends that is HTTP/2 and no gRPC. The library's
// words tell what, but for the number of an HTTP status they may repeat what
// the server sent.
func (p *grpcProbe) nonsense(r *run, s *grpcstatus.Status, seen *sight) *fault {
	const (
		httpStatus = "unexpected HTTP status code received from server: "
		tooLarge   = "peer header list size exceeded limit"
	)
	switch {
	case strings.HasPrefix(s.Message(), httpStatus):
		number, _, _ := strings.Cut(strings.TrimPrefix(s.Message(), httpStatus), " ")
		if f := credentialFault(s.Code(), seen); f != nil {
			r.enter(observe.StepExpectation)
			return f
		}
		return targetFault(ReasonProtocolError, r.address+" answered with HTTP status "+printable(number, maxDetail)+" and without gRPC.")
	case s.Message() == tooLarge:
		return targetFault(ReasonHeaderTooLarge, "The header of the answer is longer than 16 KiB.")
	case s.Code() == codes.ResourceExhausted:
		return targetFault(ReasonProtocolError, "The answer is longer than 4 KiB, which is too long for one of a health service.")
	}
	return targetFault(ReasonProtocolError, "The answer is not gRPC over HTTP/2"+r.because(s.Message())+".")
}
