// SPDX-License-Identifier: Apache-2.0

package sap

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// Namespaces of what is sent and understood.
const (
	namespaceSOAP       = "http://schemas.xmlsoap.org/soap/envelope/"
	namespaceSAPControl = "urn:SAPControl"
)

// envelope returns the request that calls a method.
func envelope(m Method) string {
	return `<?xml version="1.0" encoding="UTF-8"?>` +
		`<s:Envelope xmlns:s="` + namespaceSOAP + `"><s:Body>` +
		`<c:` + string(m) + ` xmlns:c="` + namespaceSAPControl + `"/>` +
		`</s:Body></s:Envelope>`
}

// element of an answer.
type element struct {
	name xml.Name
	// text of it, trimmed, without what is beyond maxValue; of one with
	// children, what is between them.
	text     string
	children []*element
}

// child returns the first child of that name; nil if there is none.
func (e *element) child(space, local string) *element {
	for _, c := range e.children {
		if c.name.Space == space && c.name.Local == local {
			return c
		}
	}
	return nil
}

// value returns the text of the first unqualified child of that name; empty if
// there is none.
func (e *element) value(local string) string {
	if c := e.child("", local); c != nil {
		return c.text
	}
	return ""
}

// items returns the elements of an unqualified list; nil if there is no such
// list.
func (e *element) items(list string) []*element {
	l := e.child("", list)
	if l == nil {
		return nil
	}
	items := make([]*element, 0, len(l.children))
	for _, c := range l.children {
		if c.name.Space == "" && c.name.Local == "item" {
			items = append(items, c)
		}
	}
	return items
}

// malformed says why an answer is none.
type malformed struct{ reason, message string }

func (m *malformed) Error() string { return m.message }

func invalid(message string) *malformed { return &malformed{ReasonAnswerInvalid, message} }

// open reads an envelope and returns what its body holds: an answer, or a fault.
func open(body []byte) (*element, *malformed) {
	root, bad := parse(body)
	if bad != nil {
		return nil, bad
	}
	if root.name != (xml.Name{Space: namespaceSOAP, Local: "Envelope"}) {
		return nil, invalid("what it answered is no SOAP 1.1 envelope")
	}
	content := root.child(namespaceSOAP, "Body")
	if content == nil || len(content.children) != 1 {
		return nil, invalid("the envelope that it answered has not one element in its body")
	}
	return content.children[0], nil
}

// parse reads one document.
func parse(body []byte) (*element, *malformed) {
	decoder := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	decoder.CharsetReader = charset
	var p parser
	for first := true; ; first = false {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) && p.root != nil {
			return p.root, nil
		}
		if err != nil {
			return nil, because(err)
		}
		if bad := p.take(token, first); bad != nil {
			return nil, bad
		}
	}
}

// maxValue bounds what is kept of a text before it is looked at, in bytes.
const maxValue = 4 << 10

// parser of one document. The decoder sees to it that what begins ends.
type parser struct {
	root     *element
	open     []*element
	elements int
}

func (p *parser) take(token xml.Token, first bool) *malformed {
	switch t := token.(type) {
	case xml.StartElement:
		return p.start(t.Name)
	case xml.EndElement:
		last := p.open[len(p.open)-1]
		last.text = strings.TrimSpace(last.text)
		p.open = p.open[:len(p.open)-1]
	case xml.CharData:
		if len(p.open) == 0 {
			if len(bytes.TrimSpace(t)) > 0 {
				return invalid("what it answered is no XML document")
			}
			return nil
		}
		// A text may come in very many parts.
		last := p.open[len(p.open)-1]
		last.text += string(t[:min(len(t), maxValue-len(last.text))])
	case xml.Directive:
		return invalid("what it answered has a document type, which SOAP does not allow")
	case xml.ProcInst:
		if !first || t.Target != "xml" {
			return invalid("what it answered has a processing instruction, which SOAP does not allow")
		}
	}
	return nil
}

func (p *parser) start(name xml.Name) *malformed {
	if len(p.open) >= MaxDepth {
		return &malformed{ReasonAnswerTooLarge, "what it answered is nested too deep"}
	}
	if p.elements++; p.elements > MaxElements {
		return &malformed{ReasonAnswerTooLarge, "what it answered has too many elements"}
	}
	e := &element{name: name}
	switch {
	case len(p.open) > 0:
		parent := p.open[len(p.open)-1]
		parent.children = append(parent.children, e)
	case p.root != nil:
		return invalid("what it answered is more than one XML document")
	default:
		p.root = e
	}
	p.open = append(p.open, e)
	return nil
}

// because says why a document could not be read.
func because(err error) *malformed {
	if charset, ok := errors.AsType[*charsetError](err); ok {
		return &malformed{ReasonEncodingRefused, charset.Error()}
	}
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok && syntax.Msg == "invalid UTF-8" {
		return &malformed{ReasonEncodingRefused, "what it answered is not in the encoding that it declares, UTF-8"}
	}
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); errors.Is(err, io.EOF) || ok && syntax.Msg == "unexpected EOF" {
		return invalid("its answer ends too early")
	}
	return invalid("what it answered is no XML document")
}

// charsetError says that an encoding is not known.
type charsetError struct{}

func (*charsetError) Error() string {
	return "what it answered is in an encoding other than UTF-8 and ISO-8859-1"
}

// charset decodes what is declared to be in an encoding other than UTF-8.
func charset(label string, input io.Reader) (io.Reader, error) {
	if !strings.EqualFold(label, "ISO-8859-1") {
		return nil, &charsetError{}
	}
	raw, err := io.ReadAll(input)
	if err != nil {
		return nil, err
	}
	var decoded strings.Builder
	for _, b := range raw {
		decoded.WriteRune(rune(b))
	}
	return strings.NewReader(decoded.String()), nil
}
