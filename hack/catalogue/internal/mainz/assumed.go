// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"net/netip"
	"net/url"
	"slices"
	"time"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// protectionLevels are the values of protection needs.
var protectionLevels = []string{"Normal", "High", "VeryHigh"}

// addAssumptions adds the service levels and protection needs, all of them
// examples.
func (b *builder) addAssumptions() {
	seen := map[*application]table.Cell{}
	for _, row := range b.tables[fileAssumptions] {
		name := row.Cell("application")
		a, ok := b.app(row.Cell("unit"), name)
		if !ok {
			continue
		}
		if first, double := seen[a]; double {
			b.fail(name, "%q is already in the table at %s; keep one line", name.Value, first.Place())
		}
		seen[a] = name
		if level := row.Cell("service_level"); !level.Empty() {
			if b.levels[level.Value] == nil {
				b.fail(level, "there is no service level %q; write an id that %s has", level.Value, fileServiceLevels)
			}
			a.object.Spec.ServiceLevelRef = &v1alpha1.ServiceLevelReference{Name: v1alpha1.ObjectName(level.Value)}
			a.marks.example("spec.serviceLevelRef")
		}
		for _, header := range []string{"confidentiality", "integrity", "availability"} {
			b.oneOf(row.Cell(header), protectionLevels...)
		}
		p := &v1alpha1.Protection{
			Confidentiality: v1alpha1.ProtectionLevel(row.Get("confidentiality")),
			Integrity:       v1alpha1.ProtectionLevel(row.Get("integrity")),
			Availability:    v1alpha1.ProtectionLevel(row.Get("availability")),
		}
		if c := row.Cell("personal_data"); b.oneOf(c, "yes", "") {
			p.PersonalData = c.Value == "yes"
		}
		a.object.Spec.Protection = p
		a.marks.example("spec.protection")
	}
}

// addEndpoints adds the endpoints, all of them examples that the lab of the
// demonstration serves on loopback.
func (b *builder) addEndpoints() {
	for _, row := range b.tables[fileEndpoints] {
		a, ok := b.app(row.Cell("unit"), row.Cell("application"))
		if !ok {
			continue
		}
		name := row.Cell("endpoint")
		if !validName(name.Value) {
			b.fail(name, "%q is no name; write one of a-z, 0-9 and -, at most %d characters", name.Value, maxName)
		}
		if slices.ContainsFunc(a.object.Spec.Endpoints, func(e v1alpha1.Endpoint) bool { return string(e.Name) == name.Value }) {
			b.fail(name, "the application already has an endpoint %q; write another name", name.Value)
		}
		if l := a.object.Spec.Lifecycle; l != v1alpha1.LifecycleOperating && l != v1alpha1.LifecyclePhasingOut {
			b.fail(row.Cell("application"), "the application is %s, so nothing of it answers; delete the line or mend its lifecycle", l)
		}
		a.object.Spec.Endpoints = append(a.object.Spec.Endpoints, b.endpoint(row))
		a.marks.example("spec.endpoints")
	}
}

// endpoint reads one endpoint and what the lab does with it.
func (b *builder) endpoint(row table.Row) v1alpha1.Endpoint {
	e := v1alpha1.Endpoint{
		Name:             v1alpha1.ItemName(row.Get("endpoint")),
		URL:              row.Get("url"),
		Interval:         b.duration(row.Cell("interval")),
		Timeout:          b.duration(row.Cell("timeout")),
		FailureThreshold: b.number(row.Cell("failure_threshold"), 1),
		Importance:       v1alpha1.Importance(row.Get("importance")),
		MaxLatency:       b.duration(row.Cell("max_latency")),
	}
	b.oneOf(row.Cell("importance"), "Essential", "Supporting")
	interval, _ := time.ParseDuration(string(e.Interval))
	timeout, _ := time.ParseDuration(string(e.Timeout))
	if interval < 5*time.Second {
		b.fail(row.Cell("interval"), "the interval %q is too short; write at least 5s", e.Interval)
	}
	if timeout >= interval {
		b.fail(row.Cell("timeout"), "the timeout must be shorter than the interval %s", e.Interval)
	}
	scheme := b.loopback(row.Cell("url"))
	if c := row.Cell("body_pattern"); !c.Empty() {
		if scheme != "http" && scheme != "https" {
			b.fail(c, "only http and https have a body; leave it empty")
		}
		e.HTTP = &v1alpha1.HTTPCheck{BodyPattern: c.Value}
	}
	if c := row.Cell("ca_secret"); !c.Empty() {
		if scheme != "tls" && scheme != "https" {
			b.fail(c, "only tls and https have a certificate; leave it empty")
		}
		e.TLS = &v1alpha1.TLSCheck{
			CASecretRef: &v1alpha1.SecretReference{Name: c.Value},
			ServerName:  row.Get("server_name"),
		}
	}
	b.oneOf(row.Cell("lab"), "up", "down", "flaps", "slow")
	if row.Get("lab") == "down" {
		b.oneOf(row.Cell("fault"), "refused", "status-500", "expired-certificate")
	} else {
		b.oneOf(row.Cell("fault"), "")
	}
	return e
}

// loopback reads a URL, which must be one that the lab can serve, and returns
// its scheme.
func (b *builder) loopback(c table.Cell) string {
	u, err := url.Parse(c.Value)
	if err != nil {
		b.fail(c, "%q is no URL; write one such as http://127.0.0.1:18080/health", c.Value)
		return ""
	}
	if !slices.Contains([]string{"http", "https", "tcp", "tls"}, u.Scheme) {
		b.fail(c, "the lab does not serve %q; write a URL with http, https, tcp or tls", u.Scheme)
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err != nil || !ip.IsLoopback() || u.Port() == "" {
		b.fail(c, "%q is not on this machine; the lab serves 127.0.0.1 with a port only", u.Host)
	}
	return u.Scheme
}

// addDependencies adds what an application needs of others, all examples.
func (b *builder) addDependencies() {
	edges := map[string][]string{}
	for _, row := range b.tables[fileDependencies] {
		a, ok := b.app(row.Cell("unit"), row.Cell("application"))
		on, known := b.app(row.Cell("on_unit"), row.Cell("on_application"))
		if !ok || !known {
			continue
		}
		b.oneOf(row.Cell("strength"), "Hard", "Soft")
		d := v1alpha1.Dependency{Name: v1alpha1.ObjectName(on.object.Name), Strength: v1alpha1.DependencyStrength(row.Get("strength"))}
		if on.object.Namespace != a.object.Namespace {
			d.Namespace = v1alpha1.NamespaceName(on.object.Namespace)
		}
		if slices.ContainsFunc(a.object.Spec.Dependencies, func(o v1alpha1.Dependency) bool { return o.Name == d.Name && o.Namespace == d.Namespace }) {
			b.fail(row.Cell("on_application"), "the application already depends on this one; keep one line")
			continue
		}
		a.object.Spec.Dependencies = append(a.object.Spec.Dependencies, d)
		a.marks.example("spec.dependencies")
		from := a.object.Namespace + "/" + a.object.Name
		edges[from] = append(edges[from], on.object.Namespace+"/"+on.object.Name)
		if loop := cycle(from, edges); loop != "" {
			b.fail(row.Cell("on_application"), "the dependencies form a circle: %s", loop)
		}
	}
}

// addContracts adds the contracts, all of them examples.
func (b *builder) addContracts() {
	for _, row := range b.tables[fileContracts] {
		a, ok := b.app(row.Cell("unit"), row.Cell("application"))
		if !ok {
			continue
		}
		b.oneOf(row.Cell("type"), "Licence", "Support", "Hosting", "Cloud")
		endsOn, exact := b.day(row.Cell("ends_on"))
		if !exact {
			b.fail(row.Cell("ends_on"), "a contract ends on a day; write it, such as 2027-12-31")
		}
		a.object.Spec.Contracts = append(a.object.Spec.Contracts, v1alpha1.Contract{
			Number:           row.Get("number"),
			Name:             row.Get("name"),
			Type:             v1alpha1.ContractType(row.Get("type")),
			Supplier:         row.Get("supplier"),
			EndsOn:           endsOn,
			NoticePeriodDays: new(b.number(row.Cell("notice_period_days"), 0)),
			AnnualCostEUR:    new(int64(b.number(row.Cell("annual_cost_eur"), 0))),
		})
		a.marks.example("spec.contracts")
	}
}

// addOnline adds an online service to the Application that offers it.
func (b *builder) addOnline(row table.Row) {
	c := row.Cell("application")
	if c.Empty() {
		return
	}
	key, ok := b.reference(c)
	if !ok {
		return
	}
	a := b.apps[key]
	if a == nil {
		b.fail(c, "there is no application %q; write the number of its unit and its name, such as 33/fuehrungszeugnis-online", c.Value)
		return
	}
	a.object.Spec.OnlineServices = append(a.object.Spec.OnlineServices, v1alpha1.OnlineService{
		OZGService: row.Get("ozg_service"), Name: row.Get("single_service"),
	})
	if !b.basis(row.Cell("application_basis")) {
		a.marks.infer("spec.onlineServices")
	}
	if n := len(a.object.Spec.OnlineServices); n > 64 {
		b.fail(c, "the application has %d online services; 64 at most", n)
	}
}
