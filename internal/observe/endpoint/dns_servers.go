// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"net/netip"
	"sync"
	"time"

	"github.com/miekg/dns"
	"k8s.io/utils/clock"
)

const (
	// maxOwnServers bounds how many of the operator's own name servers are
	// asked, as the system's own resolver does (resolv.conf(5), MAXNS).
	maxOwnServers = 3
	// reread is how long what the system's configuration said is believed.
	reread = 10 * time.Second
)

// resolvConf knows the name servers of the system's configuration.
type resolvConf struct {
	path  string
	clock clock.PassiveClock

	mu      sync.Mutex
	read    bool
	readAt  time.Time
	servers []string
}

// nameServers returns them as the file named them no more than reread ago. A
// file that cannot be read changes nothing.
func (c *resolvConf) nameServers() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.read && c.clock.Since(c.readAt) < reread {
		return c.servers
	}
	c.read, c.readAt = true, c.clock.Now()
	if conf, err := dns.ClientConfigFromFile(c.path); err == nil {
		c.servers = conf.Servers
	}
	return c.servers
}

// ownServers returns the operator's own name servers. What is no address is
// left out: to ask for it, one would have to know whom to ask.
func (f *Factory) ownServers() []nameServer {
	var out []nameServer
	for _, s := range f.nameServers() {
		if len(out) == maxOwnServers {
			break
		}
		if addr, err := netip.ParseAddr(s); err == nil {
			out = append(out, nameServer{addr: addr, port: "53"})
			continue
		}
		if t, err := serverOf(s); err == nil {
			if addr, err := netip.ParseAddr(t.host); err == nil {
				out = append(out, nameServer{addr: addr, port: t.port()})
			}
		}
	}
	return out
}
