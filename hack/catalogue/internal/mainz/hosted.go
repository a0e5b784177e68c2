// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// What is asked of every host of the catalogue.
const (
	hostMaxUsedPercent = 90
	hostMaxClockOffset = "1s"
)

// hostName is what the name of a host looks like.
var hostName = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+$`)

// sapInstance is how a table names an instance of an SAP system, which is also
// how a status does: "P01/00 on sap-p01.lab.kdz.example".
var sapInstance = regexp.MustCompile(`^([A-Z][A-Z0-9]{2})/([0-8][0-9]|9[0-7]) on (\S+)$`)

// addHosting adds what applications run on, all of it examples that the lab of
// the demonstration serves on loopback. What a supplier runs is in the table of
// measures.
func (b *builder) addHosting() {
	for _, row := range b.tables[fileHosting] {
		a, ok := b.app(row.Cell("unit"), row.Cell("application"))
		if !ok || !b.running(a, row.Cell("application")) {
			continue
		}
		platform := row.Cell("platform")
		if !b.oneOf(platform, "SAP", "Linux", "Windows") {
			continue
		}
		if a.object.Spec.Hosting == nil {
			a.object.Spec.Hosting = &v1alpha1.Hosting{Platform: v1alpha1.Platform(platform.Value)}
		}
		h := a.object.Spec.Hosting
		if string(h.Platform) != platform.Value {
			b.fail(platform, "the application runs on %s already; an application has one platform", h.Platform)
			continue
		}
		b.served(row.Cell("url"))
		b.ailment(row)
		switch h.Platform {
		case v1alpha1.PlatformSAP:
			b.instance(h, row)
		case v1alpha1.PlatformLinux:
			b.linux(h, row)
		default:
			b.windows(h, row)
		}
		a.marks.example("spec.hosting")
	}
}

// running says whether an application is in operation; of what is not, nothing
// is there to be looked at.
func (b *builder) running(a *application, c table.Cell) bool {
	l := a.object.Spec.Lifecycle
	if l == v1alpha1.LifecycleOperating || l == v1alpha1.LifecyclePhasingOut {
		return true
	}
	b.fail(c, "the application is %s, so nothing of it runs; delete the line or mend its lifecycle", l)
	return false
}

// served checks that the lab can serve a URL.
func (b *builder) served(c table.Cell) {
	u, err := url.Parse(c.Value)
	if err == nil {
		var ip netip.Addr
		if ip, err = netip.ParseAddr(u.Hostname()); err == nil && u.Scheme == "http" && ip.IsLoopback() && u.Port() != "" && len(u.Path) > 1 {
			return
		}
	}
	b.fail(c, "%q is nothing that the lab serves; write one such as http://127.0.0.1:18700/web01/metrics", c.Value)
}

// ailment checks what the lab is to do with a system.
func (b *builder) ailment(row table.Row) {
	fault := row.Cell("fault")
	switch {
	case !b.oneOf(row.Cell("lab"), "up", "degraded"):
	case row.Get("lab") == "up":
		b.oneOf(fault, "")
	case row.Get("platform") == "SAP":
		b.oneOf(fault, "process-yellow")
	default:
		b.oneOf(fault, "filesystem-full")
	}
}

// instance reads an instance of an SAP system.
func (b *builder) instance(h *v1alpha1.Hosting, row table.Row) {
	c := row.Cell("system")
	m := sapInstance.FindStringSubmatch(c.Value)
	if m == nil || !hostName.MatchString(m[3]) {
		b.fail(c, "%q names no instance; write one such as P01/00 on sap-p01.lab.kdz.example", c.Value)
		return
	}
	b.only(row.Cell("requires"), "SAP", "Linux", "Windows")
	if h.SAP == nil {
		h.SAP = &v1alpha1.SAPHosting{SystemID: m[1]}
	}
	if h.SAP.SystemID != m[1] {
		b.fail(c, "the application runs on SAP system %s already; an application has one", h.SAP.SystemID)
	}
	h.SAP.Instances = append(h.SAP.Instances, v1alpha1.SAPInstance{Host: m[3], Number: m[2], URL: v1alpha1.HTTPURL(row.Get("url"))})
}

// metricsHost reads a host; known are those that the application has already.
func (b *builder) metricsHost(row table.Row, known []v1alpha1.MetricsHost) []v1alpha1.MetricsHost {
	c := row.Cell("system")
	if !hostName.MatchString(c.Value) {
		b.fail(c, "%q is no name of a host; write one such as web01.lab.kdz.example", c.Value)
	}
	if slices.ContainsFunc(known, func(o v1alpha1.MetricsHost) bool { return o.Name == c.Value }) {
		b.fail(c, "the application already runs on %q; keep one line", c.Value)
	}
	return append(known, v1alpha1.MetricsHost{Name: c.Value, MetricsURL: v1alpha1.HTTPURL(row.Get("url"))})
}

func (b *builder) linux(h *v1alpha1.Hosting, row table.Row) {
	if h.Linux == nil {
		h.Linux = &v1alpha1.LinuxHosting{FilesystemMaxUsedPercent: new(int32(hostMaxUsedPercent)), MaxClockOffset: hostMaxClockOffset}
	}
	h.Linux.Hosts = b.metricsHost(row, h.Linux.Hosts)
	for _, name := range list(row.Cell("requires")) {
		if !strings.HasSuffix(name, ".service") {
			b.fail(row.Cell("requires"), "%q is no unit of systemd; write it with its suffix, such as nginx.service", name)
		}
		h.Linux.RequiredUnits = append(h.Linux.RequiredUnits, v1alpha1.SystemdUnit{Name: name})
	}
}

func (b *builder) windows(h *v1alpha1.Hosting, row table.Row) {
	if h.Windows == nil {
		h.Windows = &v1alpha1.WindowsHosting{FilesystemMaxUsedPercent: new(int32(hostMaxUsedPercent)), MaxClockOffset: hostMaxClockOffset}
	}
	h.Windows.Hosts = b.metricsHost(row, h.Windows.Hosts)
	for _, name := range list(row.Cell("requires")) {
		h.Windows.RequiredServices = append(h.Windows.RequiredServices, v1alpha1.WindowsService{Name: name})
	}
}

// addBackups adds what backup there is, all of it examples. None of the
// applications runs in a cluster, so their backup jobs renew Leases.
func (b *builder) addBackups() {
	for _, row := range b.tables[fileBackup] {
		name := row.Cell("application")
		a, ok := b.app(row.Cell("unit"), name)
		if !ok || !b.running(a, name) {
			continue
		}
		if a.object.Spec.Backup != nil {
			b.fail(name, "the application has a backup already; keep one line")
			continue
		}
		a.object.Spec.Backup = b.backup(a, row)
		a.marks.example("spec.backup")
	}
}

// backup reads the backup of an application.
func (b *builder) backup(a *application, row table.Row) *v1alpha1.Backup {
	source, age, reason := row.Cell("source"), row.Cell("max_age"), row.Cell("not_required_reason")
	if !reason.Empty() {
		for _, c := range []table.Cell{source, age, row.Cell("lab")} {
			if !c.Empty() {
				b.fail(c, "no backup is required, so there is nothing to say of it; leave it empty")
			}
		}
		return &v1alpha1.Backup{NotRequiredReason: reason.Value}
	}
	if !validName(source.Value) {
		b.fail(source, "%q is no name; write one of a-z, 0-9 and -, at most %d characters, or not_required_reason", source.Value, maxName)
	}
	b.oneOf(row.Cell("lab"), "current", "overdue")
	if age.Empty() && !b.agreesOnBackup(a) {
		b.fail(age, "the application has no service level that says how old a backup may be; write that, such as 26h")
	}
	return &v1alpha1.Backup{
		MaxAge: b.duration(age),
		Sources: []v1alpha1.BackupSource{{
			Name: v1alpha1.ItemName(source.Value),
			Heartbeat: &v1alpha1.HeartbeatSource{
				LeaseName: "backup-" + a.object.Name, RestoreTestLeaseName: "restore-test-" + a.object.Name,
			},
		}},
	}
}

// agreesOnBackup says whether an application's service level says how old a
// backup may be.
func (b *builder) agreesOnBackup(a *application) bool {
	ref := a.object.Spec.ServiceLevelRef
	if ref == nil {
		return false
	}
	l := b.levels[string(ref.Name)]
	return l != nil && l.Spec.Backup != nil
}
