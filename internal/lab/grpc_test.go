// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	port, secure := freePort(t), freePort(t)
	service := func(name, service string) Endpoint {
		e := at(name, "grpc://127.0.0.1:%d", port)
		e.Service = service
		return e
	}
	one, two, whole := service("one", "lab.v1.One"), service("two", "lab.v1.Two"), service("whole", "")
	ailing := service("ailing", "lab.v1.Ailing").as(Down, NotServing)
	first := at("first", "grpcs://127.0.0.1:%d", secure).named("first.example")
	second := at("second", "grpcs://127.0.0.1:%d", secure).named("second.example")
	l := serve(t, Options{Endpoints: []Endpoint{one, two, ailing, first, second}})
	wants := func(when string, e Endpoint, want string) {
		t.Helper()
		if got := ask(t, l, e); got != want {
			t.Errorf("%s: %s: %q, want %q", when, e, got, want)
		}
	}
	wants("at first", one, "ok")
	wants("at first", ailing, "NOT_SERVING")
	wants("at first", whole, "ok")
	wants("at first", service("other", "lab.v1.Other"), "NotFound")
	change(t, l.Stop, "ns/one", false)
	wants("one stopped", one, "Unavailable")
	wants("one stopped", two, "ok")
	wants("one stopped", whole, "ok")
	change(t, l.Start, "ns/ailing", true)
	wants("started", ailing, "ok")
	change(t, l.Stop, "ns/first", false)
	wants("first stopped", first, "Unavailable")
	wants("first stopped", second, "ok")
}

func TestNotServingIsOfGRPC(t *testing.T) {
	for _, e := range []Endpoint{
		at("a", "grpc://127.0.0.1:%d", freePort(t)).as(Down, NotServing),
		at("b", "grpcs://127.0.0.1:%d", freePort(t)).named("b.example").as(Down, NotServing),
	} {
		l := serve(t, Options{Endpoints: []Endpoint{e}})
		if got := l.Statuses()[0]; got.Works || got.Message != "down: answers that it is not serving" {
			t.Errorf("%+v", got)
		}
		if got := ask(t, l, e); got != "NOT_SERVING" {
			t.Errorf("%s: %q", e, got)
		}
	}
	_, err := Serve(Options{Endpoints: []Endpoint{at("c", "http://127.0.0.1:%d/", freePort(t)).as(Down, NotServing)}})
	if err == nil || !strings.Contains(err.Error(), `the fault "not-serving" is none that http can have here (refused, status-500)`) {
		t.Error(err)
	}
}
