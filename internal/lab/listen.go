// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
)

// inUseError says that somebody else has a port.
type inUseError struct{ port, user string }

func (e *inUseError) Error() string {
	return fmt.Sprintf("port %s of 127.0.0.1 is in use, and %s needs it: is another demo running? "+
		"See who has it with `ss -ltnp 'sport = :%s'` or `lsof -i :%s`, end that, and start again", e.port, e.user, e.port, e.port)
}

// listen listens on an address of loopback, for somebody.
func listen(address, user string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp4", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		_, port, _ := net.SplitHostPort(address) // it was parsed a moment ago
		return nil, &inUseError{port, user}
	}
	if err != nil {
		return nil, fmt.Errorf("%s needs to listen on %s: %w", user, address, err)
	}
	return l, nil
}

// sumUp joins errors, and says of many ports in use only once what to do.
func sumUp(errs []error) error {
	const most = 8
	var ports []string
	var others []error
	for _, err := range errs {
		if inUse, ok := errors.AsType[*inUseError](err); ok {
			ports = append(ports, inUse.port)
			continue
		}
		others = append(others, err)
	}
	if len(ports) < 2 {
		return errors.Join(errs...)
	}
	named := strings.Join(ports[:min(len(ports), most)], ", ")
	if n := len(ports) - most; n > 0 {
		named += fmt.Sprintf(" and %d more", n)
	}
	return errors.Join(append(others, fmt.Errorf("ports %s of 127.0.0.1 are in use, and the lab needs them: is another demo running? "+
		"See who has them with `ss -ltnp` or `lsof -i :%s`, end that, and start again", named, ports[0]))...)
}
