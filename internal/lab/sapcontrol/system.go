// SPDX-License-Identifier: Apache-2.0

package sapcontrol

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Status is a colour in which SAPControl shows a process or an instance. Any
// other word is served as it is.
type Status string

// The colours.
const (
	Green  Status = "GREEN"
	Yellow Status = "YELLOW"
	Red    Status = "RED"
	Gray   Status = "GRAY"
)

// Names of the methods that are answered.
const (
	GetInstanceProperties = "GetInstanceProperties"
	GetProcessList        = "GetProcessList"
	GetSystemInstanceList = "GetSystemInstanceList"
	HACheckConfig         = "HACheckConfig"
)

// Process of an instance.
type Process struct {
	Name, Description string
	Status            Status
	// Text says more of the Status; empty means what goes with it.
	Text string
}

// Check of the configuration of high availability.
type Check struct {
	// State is SUCCESS, WARNING or ERROR.
	State                          string
	Category, Description, Comment string
}

// InstanceOptions describe an instance.
type InstanceOptions struct {
	// Host by which the system knows it, and its Number of two digits.
	Host, Number string
	// Features of it; nil means ABAP, GATEWAY, ICMAN and IGS.
	Features []string
	// Processes of it; nil means those of an ABAP instance, all of them green.
	Processes []Process
}

// Options describe a system.
type Options struct {
	// SystemID of the system.
	SystemID string
	// Instances of the system, as it lists them.
	Instances []InstanceOptions
	// SOAPPrefix and Prefix stand for the namespaces of SOAP and of SAPControl
	// in answers; empty means "SOAP-ENV" and "SAPControl".
	SOAPPrefix, Prefix string
	// User and Password of who may call protected methods.
	User, Password string
	// Clock by which processes run; nil means the system's.
	Clock clock.PassiveClock
}

// System is an SAP system that answers. Its methods may be called from several
// goroutines.
type System struct {
	id         string
	soap, own  string
	clock      clock.PassiveClock
	startedAt  time.Time
	mu         sync.Mutex
	user, pass string
	protected  []string
	denied     []string
	checks     []Check
	instances  []*Instance
	attempts   int
	rejected   int
}

// Instance is an instance of a System, and an http.Handler: its SAPControl.
type Instance struct {
	system    *System
	host      string
	number    string
	features  []string
	processes []Process
	faults    map[string]string
	delay     time.Duration
	truncated bool
	calls     map[string]int
}

// New returns a system whose processes have just been started.
func New(o Options) *System {
	s := &System{id: o.SystemID, soap: o.SOAPPrefix, own: o.Prefix, user: o.User, pass: o.Password, clock: o.Clock}
	if s.soap == "" {
		s.soap = "SOAP-ENV"
	}
	if s.own == "" {
		s.own = "SAPControl"
	}
	if s.clock == nil {
		s.clock = clock.RealClock{}
	}
	s.startedAt = s.clock.Now()
	for _, i := range o.Instances {
		made := &Instance{
			system: s, host: i.Host, number: i.Number, features: slices.Clone(i.Features), processes: slices.Clone(i.Processes),
			faults: map[string]string{}, calls: map[string]int{},
		}
		if i.Features == nil {
			made.features = []string{"ABAP", "GATEWAY", "ICMAN", "IGS"}
		}
		if i.Processes == nil {
			made.processes = []Process{
				{Name: "disp+work", Description: "Dispatcher", Status: Green},
				{Name: "igswd_mt", Description: "IGS Watchdog", Status: Green},
				{Name: "gwrd", Description: "Gateway", Status: Green},
				{Name: "icman", Description: "ICM", Status: Green},
			}
		}
		s.instances = append(s.instances, made)
	}
	return s
}

// Instance returns the instance of that place in Options.Instances.
func (s *System) Instance(place int) *Instance { return s.instances[place] }

// SetPassword changes who may call protected methods.
func (s *System) SetPassword(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user, s.pass = user, password
}

// Protect says which methods want credentials; all others want none.
func (s *System) Protect(methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.protected = methods
}

// Deny says which methods nobody may call, whatever the credentials.
func (s *System) Deny(methods ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.denied = methods
}

// SetChecks says what HACheckConfig answers; nil means that the system does not
// know the method.
func (s *System) SetChecks(checks []Check) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.checks = checks
}

// Attempts returns how often credentials were shown to any instance, and how
// often they were wrong.
func (s *System) Attempts() (all, rejected int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts, s.rejected
}

// SetProcess changes how a process stands. An empty text is what goes with the
// status. The error says that there is no such process.
func (i *Instance) SetProcess(name string, status Status, text string) error {
	i.system.mu.Lock()
	defer i.system.mu.Unlock()
	at := slices.IndexFunc(i.processes, func(p Process) bool { return p.Name == name })
	if at < 0 {
		return fmt.Errorf("instance %s on %s has no process %q", i.number, i.host, name)
	}
	i.processes[at].Status, i.processes[at].Text = status, text
	return nil
}

// SetAll changes how all processes stand.
func (i *Instance) SetAll(status Status) {
	i.system.mu.Lock()
	defer i.system.mu.Unlock()
	for at := range i.processes {
		i.processes[at].Status, i.processes[at].Text = status, ""
	}
}

// SetFault has a method answered with a SOAP fault; an empty one ends that.
func (i *Instance) SetFault(method, fault string) {
	i.system.mu.Lock()
	defer i.system.mu.Unlock()
	i.faults[method] = fault
}

// SetDelay has the instance take its time for each answer.
func (i *Instance) SetDelay(d time.Duration) {
	i.system.mu.Lock()
	defer i.system.mu.Unlock()
	i.delay = d
}

// SetTruncated has the instance send half of each answer only.
func (i *Instance) SetTruncated(truncated bool) {
	i.system.mu.Lock()
	defer i.system.mu.Unlock()
	i.truncated = truncated
}

// Calls returns how often a method was called.
func (i *Instance) Calls(method string) int {
	i.system.mu.Lock()
	defer i.system.mu.Unlock()
	return i.calls[method]
}

// status of an instance is that of its worst process. The caller holds the lock.
func (i *Instance) status() Status {
	seen := map[Status]int{}
	for _, p := range i.processes {
		seen[p.Status]++
	}
	switch {
	case seen[Red] > 0:
		return Red
	case seen[Yellow] > 0:
		return Yellow
	case seen[Gray] == len(i.processes):
		return Gray
	case seen[Gray] > 0:
		return Yellow
	}
	return Green
}
