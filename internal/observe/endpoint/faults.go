// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"kdz.mainz.de/operator/internal/observe"
)

// commonFault returns the fault for what can end any step, nil for others.
func (r *run) commonFault(err error) *fault {
	if errors.Is(r.asked.Err(), context.Canceled) {
		return localFault(ReasonCancelled, "The check was called off.")
	}
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return nil
	}
	return localErrno(errno)
}

// localErrno returns the fault for an error of the operator's own system, nil
// for others.
func localErrno(errno syscall.Errno) *fault {
	switch errno {
	case syscall.EMFILE, syscall.ENFILE:
		return localFault(ReasonTooManyOpenFiles, "The operator has no file descriptor left to connect with.")
	case syscall.EADDRNOTAVAIL:
		return localFault(ReasonLocalResources, "The operator's system has no local address or port left to connect from.")
	case syscall.ENOBUFS, syscall.ENOMEM:
		return localFault(ReasonLocalResources, "The operator's system has no memory left to connect with.")
	}
	return nil
}

func isTimeout(err error) bool {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

func (r *run) resolveFault(err error) *fault {
	if f := r.commonFault(err); f != nil {
		return f
	}
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		if isTimeout(err) {
			return unreachableResolver()
		}
		return pathFault(ReasonResolverFailed, "The name of the host could not be resolved.")
	}
	switch {
	case dns.IsNotFound:
		return targetFault(ReasonHostNotFound, "The name of the host does not exist or has no address.")
	case dns.IsTimeout:
		return unreachableResolver()
	}
	// Go's resolver keeps no more of a system error than its text.
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM} {
		if strings.HasSuffix(dns.Err, errno.Error()) {
			return localErrno(errno)
		}
	}
	for _, errno := range []syscall.Errno{syscall.ECONNREFUSED, syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.EPERM} {
		if strings.HasSuffix(dns.Err, errno.Error()) {
			return unreachableResolver()
		}
	}
	return pathFault(ReasonResolverFailed, "A name server answered that it cannot resolve the name of the host.")
}

func unreachableResolver() *fault {
	return &fault{
		outcome: observe.OutcomeInconclusive, class: observe.ClassPath,
		reason: ReasonResolverUnreachable, message: "No name server answered.",
	}
}

func (r *run) connectFault(err error, address string) *fault {
	if f := r.commonFault(err); f != nil {
		return f
	}
	var errno syscall.Errno
	errors.As(err, &errno)
	switch errno {
	case syscall.ECONNREFUSED:
		return targetFault(ReasonConnectionRefused, address+" refused the connection.")
	case syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EPIPE:
		return targetFault(ReasonConnectionClosed, address+" reset the connection at once.")
	case syscall.EPERM, syscall.EACCES:
		return localFault(ReasonEgressFiltered, "The operator's own system does not let it connect to "+address+".")
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN:
		return pathFault(ReasonNetworkUnreachable, "There is no way to "+address+".")
	}
	// What else can keep a connection from being made is the network's as well.
	if isTimeout(err) || r.ctx.Err() != nil {
		return pathFault(ReasonConnectionTimeout, address+" did not answer in time.")
	}
	return pathFault(ReasonNetworkUnreachable, "No connection to "+address+" could be made.")
}

// talkFault is for what can go wrong on an established connection; late and
// what name the reason and the words for silence. It returns nil if the other
// side sent something that is not understood.
func (r *run) talkFault(err error, late, what string) *fault {
	if f := r.commonFault(err); f != nil {
		return f
	}
	if isTimeout(err) || r.ctx.Err() != nil {
		return targetFault(late, r.address+" accepted the connection and did not "+what+" in time.")
	}
	var errno syscall.Errno
	if errors.As(err, &errno) && (errno == syscall.EHOSTUNREACH || errno == syscall.ENETUNREACH) {
		return pathFault(ReasonNetworkUnreachable, "The way to "+r.address+" broke down.")
	}
	if errno != 0 || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return targetFault(ReasonConnectionClosed, r.address+" closed the connection before it did "+what+".")
	}
	return nil
}
