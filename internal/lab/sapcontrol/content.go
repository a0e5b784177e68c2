// SPDX-License-Identifier: Apache-2.0

package sapcontrol

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"
)

// array is a list of items.
func array(name string, items iter.Seq[string]) string {
	var b strings.Builder
	for item := range items {
		b.WriteString("<item>" + item + "</item>")
	}
	return "<" + name + ">" + b.String() + "</" + name + ">"
}

func (i *Instance) properties() []string {
	property := func(name, value string) string {
		return leaf("property", name) + leaf("propertytype", "string") + leaf("value", value)
	}
	return []string{
		property("SAPSYSTEM", i.number),
		property("SAPSYSTEMNAME", i.system.id),
		property("INSTANCE_NAME", "D"+i.number),
		property("SAPLOCALHOST", i.host),
	}
}

// said is what goes with a status.
var said = map[Status]string{Green: "Running", Yellow: "Starting", Red: "Stopped", Gray: "Stopped"}

func (i *Instance) processItems() iter.Seq[string] {
	return func(yield func(string) bool) {
		elapsed := i.system.clock.Since(i.system.startedAt).Round(time.Second)
		for at, p := range i.processes {
			text := p.Text
			if text == "" {
				text = said[p.Status]
			}
			started, ran, pid := "", "", -1
			if p.Status == Green || p.Status == Yellow {
				started, ran = i.system.startedAt.Format("2006 01 02 15:04:05"), hours(elapsed)
				pid = 4711 + at
			}
			if !yield(leaf("name", p.Name) + leaf("description", p.Description) + leaf("dispstatus", "SAPControl-"+string(p.Status)) +
				leaf("textstatus", text) + leaf("starttime", started) + leaf("elapsedtime", ran) + leaf("pid", strconv.Itoa(pid))) {
				return
			}
		}
	}
}

// hours writes a duration in hours, minutes and seconds.
func hours(d time.Duration) string {
	seconds := int(d / time.Second)
	return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}

func (s *System) instanceItems() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, i := range s.instances {
			number := strings.TrimPrefix(i.number, "0") // it is a number in the protocol
			if !yield(leaf("hostname", i.host) + leaf("instanceNr", number) + leaf("httpPort", "5"+i.number+"13") +
				leaf("httpsPort", "5"+i.number+"14") + leaf("startPriority", "3") + leaf("features", strings.Join(i.features, "|")) +
				leaf("dispstatus", "SAPControl-"+string(i.status()))) {
				return
			}
		}
	}
}

func (s *System) checkItems() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, c := range s.checks {
			if !yield(leaf("state", "SAPControl-HA-"+c.State) + leaf("category", "SAPControl-"+c.Category) +
				leaf("description", c.Description) + leaf("comment", c.Comment)) {
				return
			}
		}
	}
}

// wsdl describes the service at a host.
func wsdl(host string) string {
	var messages, operations, bindings, elements strings.Builder
	for _, m := range []string{GetInstanceProperties, GetProcessList, GetSystemInstanceList, HACheckConfig} {
		fmt.Fprintf(&elements, `<element name="%[1]s"><complexType/></element><element name="%[1]sResponse"><complexType><sequence><any minOccurs="0" maxOccurs="unbounded" processContents="skip"/></sequence></complexType></element>`, m)
		fmt.Fprintf(&messages, `<message name="%[1]s"><part name="parameters" element="SAPControl:%[1]s"/></message><message name="%[1]sResponse"><part name="parameters" element="SAPControl:%[1]sResponse"/></message>`, m)
		fmt.Fprintf(&operations, `<operation name="%[1]s"><input message="SAPControl:%[1]s"/><output message="SAPControl:%[1]sResponse"/></operation>`, m)
		fmt.Fprintf(&bindings, `<operation name="%s"><SOAP:operation soapAction=""/><input><SOAP:body use="literal"/></input><output><SOAP:body use="literal"/></output></operation>`, m)
	}
	return `<?xml version="1.0" encoding="UTF-8"?>
<definitions name="SAPControl" targetNamespace="urn:SAPControl" xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:SAPControl="urn:SAPControl" xmlns:SOAP="http://schemas.xmlsoap.org/wsdl/soap/">` +
		`<types><schema targetNamespace="urn:SAPControl" xmlns="http://www.w3.org/2001/XMLSchema" elementFormDefault="unqualified">` + elements.String() + `</schema></types>` +
		messages.String() +
		`<portType name="SAPControlPortType">` + operations.String() + `</portType>` +
		`<binding name="SAPControl" type="SAPControl:SAPControlPortType"><SOAP:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>` + bindings.String() + `</binding>` +
		`<service name="SAPControl"><port name="SAPControl" binding="SAPControl:SAPControl"><SOAP:address ` + attribute("location", "http://"+host+"/") + `/></port></service>` +
		"</definitions>\n"
}

// attribute of an element.
func attribute(name, value string) string {
	escaped := leaf("a", value)
	return name + `="` + strings.TrimSuffix(strings.TrimPrefix(escaped, "<a>"), "</a>") + `"`
}
