// SPDX-License-Identifier: Apache-2.0

// Command kdz-operator is the operator: flags, a manager, the controllers.
package main

import (
	"context"
	"crypto/tls"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"
	_ "time/tzdata" // the image holds nothing but this binary

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"kdz.mainz.de/operator/controllers"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// version is set by the build.
var version = "dev"

func main() {
	if err := run(ctrl.SetupSignalHandler(), os.Args[1:], os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "kdz-operator:", err)
		os.Exit(1)
	}
}

// settings are what the flags set.
type settings struct {
	metricsAddress, probeAddress     string
	metricsInsecure                  bool
	leaderElect                      bool
	namespace                        string
	leaderElectionNamespace, witness string
	workers, perTarget, concurrency  int
	egressAllow, egressDeny          prefixes
	logFormat                        string
	logLevel                         slog.LevelVar
	showVersion                      bool
}

// apiServerWitness as the value of -witness means the API server's address.
const apiServerWitness = "apiserver"

func parse(args []string, output io.Writer) (*settings, error) {
	s := &settings{}
	f := flag.NewFlagSet("kdz-operator", flag.ContinueOnError)
	f.SetOutput(output)
	ctrl.RegisterFlags(f) // kubeconfig
	f.StringVar(&s.metricsAddress, "metrics-bind-address", "0", "address and port on which metrics are served; 0 serves none")
	f.BoolVar(&s.metricsInsecure, "metrics-insecure", false, "serve metrics over plain HTTP to everybody instead of over HTTPS to those whom the API server allows")
	f.StringVar(&s.probeAddress, "health-probe-bind-address", ":8081", "address and port on which /healthz and /readyz are served; 0 serves none")
	f.StringVar(&s.namespace, "namespace", "", "namespace of the operator's own objects; empty means the one of its pod, or else that of the lease")
	f.BoolVar(&s.leaderElect, "leader-elect", false, "let only one of several replicas write; all of them observe")
	f.StringVar(&s.leaderElectionNamespace, "leader-election-namespace", "", "namespace of the lease; empty means the operator's own")
	f.StringVar(&s.witness, "witness", apiServerWitness, "host:port that shows, when it can be reached, that the operator's own way into the network works; apiserver means the API server, empty means none")
	f.IntVar(&s.workers, "check-workers", 0, "how many checks run at once; 0 means the default")
	f.IntVar(&s.perTarget, "check-per-target", 0, "how many checks run at once against one address and port; 0 means the default")
	f.Var(&s.egressAllow, "egress-allow", "networks and addresses, separated by commas, that checks may connect to although they are loopback, link-local, a metadata service, multicast or the API server's; of several networks that hold an address the longest prefix decides")
	f.Var(&s.egressDeny, "egress-deny", "networks and addresses, separated by commas, that checks may not connect to; with 0.0.0.0/0,::/0 they may connect only to those that -egress-allow names")
	f.IntVar(&s.concurrency, "concurrency", 16, "how many Applications are reconciled at once")
	f.StringVar(&s.logFormat, "log-format", "json", "json or text")
	f.TextVar(&s.logLevel, "log-level", &s.logLevel, "DEBUG, INFO, WARN or ERROR")
	f.BoolVar(&s.showVersion, "version", false, "print the version and exit")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	switch {
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q: everything is set by flags", f.Arg(0))
	case s.logFormat != "json" && s.logFormat != "text":
		return nil, fmt.Errorf("-log-format is %q, but must be json or text", s.logFormat)
	case s.concurrency < 1:
		return nil, fmt.Errorf("-concurrency is %d, but must be at least 1", s.concurrency)
	case s.workers < 0 || s.perTarget < 0:
		return nil, fmt.Errorf("-check-workers and -check-per-target must not be negative")
	}
	return s, nil
}

func run(ctx context.Context, args []string, output io.Writer) error {
	s, err := parse(args, output)
	if err != nil {
		return err
	}
	if s.showVersion {
		_, err := fmt.Println(version)
		return err
	}
	ctrl.SetLogger(logger(s, output))

	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("no way to an API server: %w", err)
	}
	config.QPS = -1 // the API server's own fairness decides
	config.UserAgent = "kdz-operator/" + version
	skew := controllers.MeasureSkew(config)
	witness, err := witnessAddress(s.witness, config)
	if err != nil {
		return err
	}
	mgr, err := newManager(config, s)
	if err != nil {
		return err
	}
	err = controllers.Add(ctx, mgr, controllers.Options{
		Workers:     s.workers,
		PerTarget:   s.perTarget,
		Concurrency: s.concurrency,
		Witness:     witness,
		UserAgent:   config.UserAgent,
		EgressAllow: s.egressAllow,
		EgressDeny:  s.egressDeny,
		Namespace:   s.namespace, LeaderElection: s.leaderElect, LeaderElectionNamespace: s.leaderElectionNamespace,
		Skew: skew,
	})
	if err != nil {
		return err
	}
	ctrl.Log.Info("starting", "version", version, "witness", witness)
	return mgr.Start(ctx)
}

// prefixes is a flag that may be given several times.
type prefixes []netip.Prefix

// String implements flag.Value.
func (p *prefixes) String() string {
	var all []string
	for _, one := range *p {
		all = append(all, one.String())
	}
	return strings.Join(all, ",")
}

// Set implements flag.Value.
func (p *prefixes) Set(list string) error {
	more, err := endpoint.ParsePrefixes(list)
	*p = append(*p, more...)
	return err
}

// newManager returns a manager with its health checks.
func newManager(config *rest.Config, s *settings) (manager.Manager, error) {
	serving := metricsserver.Options{BindAddress: s.metricsAddress}
	if !s.metricsInsecure {
		serving.SecureServing = true
		serving.FilterProvider = filters.WithAuthenticationAndAuthorization
		serving.TLSOpts = []func(*tls.Config){func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 }}
	}
	shutdown := 10 * time.Second
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                  controllers.Scheme(),
		Cache:                   controllers.CacheOptions(),
		Metrics:                 serving,
		HealthProbeBindAddress:  s.probeAddress,
		GracefulShutdownTimeout: &shutdown,
	})
	if err != nil {
		return nil, fmt.Errorf("manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, err
	}
	return mgr, mgr.AddReadyzCheck("ping", healthz.Ping)
}

func logger(s *settings, output io.Writer) logr.Logger {
	options := &slog.HandlerOptions{Level: &s.logLevel}
	if s.logFormat == "text" {
		return logr.FromSlogHandler(slog.NewTextHandler(output, options))
	}
	return logr.FromSlogHandler(slog.NewJSONHandler(output, options))
}

// witnessAddress is the address and port of the witness.
func witnessAddress(witness string, config *rest.Config) (string, error) {
	if witness != apiServerWitness {
		if witness == "" {
			return "", nil
		}
		if _, _, err := net.SplitHostPort(witness); err != nil {
			return "", fmt.Errorf("-witness is %q, but must be host:port: %w", witness, err)
		}
		return witness, nil
	}
	u, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return "", fmt.Errorf("address of the API server: %w", err)
	}
	return hostPort(u), nil
}

// hostPort returns the host and port of a URL, the port of its scheme where it
// names none.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = "443"
		if u.Scheme == "http" {
			port = "80"
		}
	}
	return net.JoinHostPort(u.Hostname(), port)
}
