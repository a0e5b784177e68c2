// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"slices"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"
)

// directoryOf connects to the server of an endpoint.
func directoryOf(t *testing.T, e Endpoint) *ldap.Conn {
	t.Helper()
	c := ldap.NewConn(dial(t, e), false)
	c.Start()
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestDirectoryShowsItsRoot(t *testing.T) {
	plain, secure := at("plain", "ldap://127.0.0.1:%d", freePort(t)), secured(t, schemeLDAP)
	serve(t, Options{Endpoints: []Endpoint{plain, secure}})
	for _, c := range []struct {
		endpoint Endpoint
		asked    []string
		want     []string
	}{
		{plain, nil, []string{"objectClass"}},
		{plain, []string{"*", "+"}, []string{"objectClass", "supportedLDAPVersion"}},
		{secure, []string{"*", "+"}, []string{"objectClass", "supportedExtension", "supportedLDAPVersion"}},
		{secure, []string{"SUPPORTEDEXTENSION"}, []string{"supportedExtension"}},
		{secure, []string{"1.1"}, nil},
	} {
		found, err := directoryOf(t, c.endpoint).Search(ldap.NewSearchRequest("", ldap.ScopeBaseObject, ldap.NeverDerefAliases, 0, 0, false,
			"(objectClass=*)", c.asked, nil))
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, a := range found.Entries[0].Attributes {
			names = append(names, a.Name)
		}
		slices.Sort(names)
		if diff := cmp.Diff(c.want, names); diff != "" {
			t.Errorf("%s asked for %q: %s", c.endpoint, c.asked, diff)
		}
	}
}

func TestDirectoryLetsNobodyIn(t *testing.T) {
	plain := at("plain", "ldap://127.0.0.1:%d", freePort(t))
	serve(t, Options{Endpoints: []Endpoint{plain}})
	wants := func(what string, err error, code uint16) {
		t.Helper()
		if !ldap.IsErrorWithCode(err, code) {
			t.Errorf("%s: %v, want code %d", what, err, code)
		}
	}
	search := func(base string, scope int) error {
		_, err := directoryOf(t, plain).Search(ldap.NewSearchRequest(base, scope, ldap.NeverDerefAliases, 0, 0, false, "(cn=x)", nil, nil))
		return err
	}
	wants("a bind with password", directoryOf(t, plain).Bind("cn=admin", "secret"), ldap.LDAPResultInvalidCredentials)
	wants("a bind without password", directoryOf(t, plain).UnauthenticatedBind("cn=admin"), ldap.LDAPResultInvalidCredentials)
	wants("another object", search("dc=example", ldap.ScopeBaseObject), ldap.LDAPResultNoSuchObject)
	wants("the whole tree", search("", ldap.ScopeWholeSubtree), ldap.LDAPResultNoSuchObject)
	wants("STARTTLS that is not offered", directoryOf(t, plain).StartTLS(nil), ldap.LDAPResultProtocolError)
	if err := directoryOf(t, plain).Del(ldap.NewDelRequest("cn=x", nil)); err == nil {
		t.Error("something was deleted")
	}
}

func TestDirectoryEndsWithOddMessages(t *testing.T) {
	e := at("a", "ldap://127.0.0.1:%d", freePort(t))
	serve(t, Options{Endpoints: []Endpoint{e}})
	for _, m := range []string{
		"\x30\x00", "\x02\x01\x01", "\x30\x03\x02\x01\x01", "\x30\x05\x02\x01\x01\x42", // too little
		"\x30\x05\x02\x01\x01\x60\x00", "\x30\x05\x02\x01\x01\x63\x00", "\x30\x05\x02\x01\x01\x77\x00", // operations without content
		"\x30\x05\x02\x01\x01\x02\x00", "\x30\x05\x04\x01\x01\x60\x00", // no operation, no number
		"\x30\x05\x02\x01\x01\x42\x00",     // unbind
		"\x30\x84\x00\x10\x00\x00\x04\x84", // more than is read
	} {
		if got := send(t, e, []byte(m)); got != "" {
			t.Errorf("%q is answered with %q", m, got)
		}
	}
}
