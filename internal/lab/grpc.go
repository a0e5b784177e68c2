// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"crypto/tls"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// rpcServer serves gRPC.
type rpcServer struct {
	server   *grpc.Server
	listener *listener
	running  *sync.WaitGroup
}

func (s rpcServer) close() {
	// Not here: it waits for handshakes under way, and these for the lock.
	s.running.Go(s.server.Stop)
	s.listener.end()
}

func (p *port) serveGRPC(l *listener, config *tls.Config) rpcServer {
	options := []grpc.ServerOption{
		grpc.ConnectionTimeout(headerTimeout),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleTimeout}),
		grpc.MaxRecvMsgSize(maxMessage),
		grpc.MaxConcurrentStreams(16),
	}
	if config != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(config)))
	}
	s := rpcServer{server: grpc.NewServer(options...), listener: l, running: &p.lab.running}
	grpc_health_v1.RegisterHealthServer(s.server, &health{port: p})
	s.running.Go(func() { _ = s.server.Serve(l) }) // returns when it is closed
	return s
}

// health is the health service of the gRPC servers of a port. It can be asked,
// but not watched.
type health struct {
	grpc_health_v1.UnimplementedHealthServer
	port *port
}

// Check implements grpc_health_v1.HealthServer.
func (h *health) Check(ctx context.Context, r *grpc_health_v1.HealthCheckRequest) (*grpc_health_v1.HealthCheckResponse, error) {
	response := &grpc_health_v1.HealthCheckResponse{Status: grpc_health_v1.HealthCheckResponse_SERVING}
	t := h.asked(ctx, r.GetService())
	switch {
	case t == nil && r.GetService() == "": // the server as a whole, which is there
		return response, nil
	case t == nil:
		return nil, status.Errorf(codes.NotFound, "the lab has no service %q", r.GetService())
	}
	h.port.lab.mu.RLock()
	now := t.condition
	h.port.lab.mu.RUnlock()
	switch now {
	case away:
		return nil, status.Errorf(codes.Unavailable, "%s is stopped", t.first())
	case erring:
		response.Status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	return response, nil
}

// asked is the target of a service: the one of its server name, or else the
// first; nil if there is none.
func (h *health) asked(ctx context.Context, service string) *target {
	serverName := ""
	if from, ok := peer.FromContext(ctx); ok {
		if info, ok := from.AuthInfo.(credentials.TLSInfo); ok {
			serverName = strings.ToLower(info.State.ServerName)
		}
	}
	var found *target
	for _, t := range h.port.targets {
		switch {
		case t.service != service:
		case t.serverName == serverName:
			return t
		case found == nil:
			found = t
		}
	}
	return found
}
