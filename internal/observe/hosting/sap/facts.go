// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"strings"
	"time"

	"kdz.mainz.de/operator/internal/observe"
	"kdz.mainz.de/operator/internal/observe/endpoint"
)

// Method of SAPControl.
type Method string

// The methods that are called. All of them read.
const (
	GetInstanceProperties Method = "GetInstanceProperties"
	GetProcessList        Method = "GetProcessList"
	GetSystemInstanceList Method = "GetSystemInstanceList"
	HACheckConfig         Method = "HACheckConfig"
)

// Status is a colour in which SAPControl shows a process or an instance. What is
// none of the four is kept as it was told.
type Status string

// The colours.
const (
	// Green: it runs.
	Green Status = "GREEN"
	// Yellow: it starts, stops, or has a problem.
	Yellow Status = "YELLOW"
	// Red: it has failed.
	Red Status = "RED"
	// Gray: it is stopped.
	Gray Status = "GRAY"
)

// Known reports whether s is one of the four colours.
func (s Status) Known() bool { return s == Green || s == Yellow || s == Red || s == Gray }

// Facts are what SAPControl told of an instance: the Facts of a probe's success.
type Facts struct {
	// SystemID and Host as the instance names itself; empty if it did not.
	SystemID, Host string
	// Processes of the instance, in SAPControl's order; nil if they were not
	// told.
	Processes []Process
	// Instances of the system; nil if they were not told.
	Instances []Instance
	// Checks of high availability; nil if they are not offered or not told.
	Checks []Check
	// Refused are the methods that were not answered.
	Refused []Refusal
}

// Process of an instance.
type Process struct {
	Name, Description string
	Status            Status
	// Text says more of the Status.
	Text string
	// StartedLocal is when it began, in the host's own time, whose zone is not
	// told: it is no instant. Zero if not told.
	StartedLocal time.Time
	// Elapsed since then; 0 if not told.
	Elapsed time.Duration
}

// Instance of a system.
type Instance struct {
	Host string
	// Number of two digits.
	Number   string
	Features []string
	Status   Status
}

// Outcome of a Check.
type Outcome string

// Outcomes. What is none of them is kept as it was told.
const (
	Success Outcome = "SUCCESS"
	Warning Outcome = "WARNING"
	Error   Outcome = "ERROR"
)

// Check of how high availability is configured.
type Check struct {
	Outcome                        Outcome
	Category, Description, Comment string
}

// Refusal says why a method was not answered.
type Refusal struct {
	Method Method
	// Reason is a stable CamelCase word.
	Reason string
	// Message is a clause whose subject is SAPControl: "it did not answer".
	Message string

	class observe.FailureClass
	step  observe.Step
}

// Bounds of what is kept of a text, in bytes.
const (
	maxName = 64
	maxText = 128
)

func name(s string) string { return endpoint.Printable(s, maxName) }
func text(s string) string { return endpoint.Printable(s, maxText) }

// status reads "SAPControl-GREEN".
func status(s string) Status {
	colour, own := strings.CutPrefix(s, "SAPControl-")
	if own && Status(colour).Known() {
		return Status(colour)
	}
	return Status("«" + name(s) + "»")
}

// take takes in the answer to a method.
func (f *Facts) take(m Method, response *element) *malformed {
	if response.name.Space != namespaceSAPControl || response.name.Local != string(m)+"Response" {
		return invalid("what it answered is no " + string(m) + "Response of " + namespaceSAPControl)
	}
	switch m {
	case GetInstanceProperties:
		f.takeProperties(response.items("properties"))
	case GetProcessList:
		f.takeProcesses(response.items("process"))
		return f.missing(f.Processes == nil, "process")
	case GetSystemInstanceList:
		f.takeInstances(response.items("instance"))
		return f.missing(f.Instances == nil, "instance")
	case HACheckConfig:
		f.takeChecks(response.items("check"))
	}
	return nil
}

func (f *Facts) missing(is bool, list string) *malformed {
	if is {
		return invalid("what it answered has no list " + list)
	}
	return nil
}

func (f *Facts) takeProperties(items []*element) {
	for _, i := range items {
		switch i.value("property") {
		case "SAPSYSTEMNAME":
			f.SystemID = name(i.value("value"))
		case "SAPLOCALHOST":
			f.Host = name(i.value("value"))
		}
	}
}

func (f *Facts) takeProcesses(items []*element) {
	if items == nil {
		return
	}
	f.Processes = make([]Process, 0, len(items))
	for _, i := range items {
		p := Process{
			Name: name(i.value("name")), Description: name(i.value("description")),
			Status: status(i.value("dispstatus")), Text: text(i.value("textstatus")),
			StartedLocal: parseStart(i.value("starttime")),
		}
		p.Elapsed, _ = parseElapsed(i.value("elapsedtime")) // 0 if it cannot be read
		f.Processes = append(f.Processes, p)
	}
}

func (f *Facts) takeInstances(items []*element) {
	if items == nil {
		return
	}
	f.Instances = make([]Instance, 0, len(items))
	for _, i := range items {
		number := name(i.value("instanceNr"))
		if len(number) == 1 {
			number = "0" + number
		}
		instance := Instance{Host: endpoint.Printable(i.value("hostname"), maxText), Number: number, Status: status(i.value("dispstatus"))}
		for feature := range strings.SplitSeq(i.value("features"), "|") {
			if feature = name(feature); feature != "" {
				instance.Features = append(instance.Features, feature)
			}
		}
		f.Instances = append(f.Instances, instance)
	}
}

func (f *Facts) takeChecks(items []*element) {
	for _, i := range items {
		state := i.value("state")
		outcome, own := strings.CutPrefix(state, "SAPControl-HA-")
		if !own {
			outcome = state
		}
		f.Checks = append(f.Checks, Check{
			Outcome: Outcome(name(outcome)), Category: name(i.value("category")),
			Description: text(i.value("description")), Comment: text(i.value("comment")),
		})
	}
}
