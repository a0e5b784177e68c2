// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"bytes"
	"encoding/csv"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"

	v1alpha1 "kdz.mainz.de/operator/api/v1alpha1"
)

// dataDir is the folder of the real tables.
const dataDir = "../../data"

// build makes the catalogue of the real tables.
func build(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Build(os.DirFS(dataDir))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// rows reads a real table without the code under test.
func rows(t *testing.T, file string) []map[string]string {
	t.Helper()
	content, err := os.ReadFile(dataDir + "/" + file)
	if err != nil {
		t.Fatal(err)
	}
	records, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, header := range records[0] {
			row[header] = record[i]
		}
		list = append(list, row)
	}
	return list
}

// units returns the name of each unit by its number.
func units(t *testing.T) map[string]string {
	t.Helper()
	names := map[string]string{}
	for _, row := range rows(t, fileUnits) {
		names[row["number"]] = UnitName(row["number"], row["kind"])
	}
	return names
}

func TestFilesAreTheSameEachTime(t *testing.T) {
	want, err := build(t).Files()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := build(t).Files()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the files differ from one run to the next:\n%s", diff)
		}
	}
	for name, content := range want {
		if !bytes.HasPrefix(content, []byte(Header)) {
			t.Errorf("%s does not begin with the header", name)
		}
		for _, word := range []string{"creationTimestamp", "\nstatus:", "null"} {
			if bytes.Contains(content, []byte(word)) {
				t.Errorf("%s contains %q", name, word)
			}
		}
	}
}

// TestEveryRowIsAccountedFor compares the tables with the catalogue: each row
// is an object with its title in its unit's namespace, or it is excluded.
func TestEveryRowIsAccountedFor(t *testing.T) {
	c, unitNames := build(t), units(t)
	excluded := map[[3]string]bool{}
	for _, row := range rows(t, fileExclusions) {
		if row["reason"] == "" {
			t.Errorf("%s: %q is excluded without a reason", row["table"], row["name"])
		}
		excluded[[3]string{row["table"], row["unit"], row["name"]}] = true
	}
	have := map[[2]string]int{}
	for _, a := range c.Applications {
		have[[2]string{a.Namespace, a.Spec.DisplayName.DE}]++
		if a.Spec.DisplayName.EN != a.Spec.DisplayName.DE {
			have[[2]string{a.Namespace, a.Spec.DisplayName.EN}]++
		}
	}
	projects := map[[2]string]int{}
	for _, p := range c.Projects {
		projects[[2]string{p.Namespace, p.Spec.DisplayName.DE}]++
	}
	included := map[string]int{}
	check := func(file, unit, title, namespace string, have map[[2]string]int) {
		t.Helper()
		out := excluded[[3]string{file, unit, title}]
		if !out {
			included[file]++
		}
		if n := have[[2]string{namespace, title}]; (n == 0) != out {
			t.Errorf("%s: %q of unit %q: excluded %v, but %d objects of %s have that title", file, title, unit, out, n, namespace)
		}
	}
	for _, row := range rows(t, fileMeasures) {
		check(fileMeasures, row["office"], row["name"], unitNames[row["office"]], have)
	}
	for _, row := range rows(t, fileServices) {
		check(fileServices, row["unit"], row["name_de"], unitNames[row["unit"]], have)
	}
	for _, row := range rows(t, fileDecentral) {
		check(fileDecentral, row["unit"], row["name"], unitNames[row["unit"]], have)
	}
	for _, row := range rows(t, fileProjects) {
		office := row["office"]
		if office == "" {
			office = numberMainOffice
		}
		check(fileProjects, row["office"], row["name_de"], unitNames[office], projects)
	}
	if got, want := len(c.Applications), included[fileMeasures]+included[fileServices]+included[fileDecentral]; got != want {
		t.Errorf("got %d applications of %d rows", got, want)
	}
	if got, want := len(c.Projects), included[fileProjects]; got != want {
		t.Errorf("got %d projects of %d rows", got, want)
	}
	if got, want := len(c.Units), len(rows(t, fileUnits)); got != want {
		t.Errorf("got %d units of %d rows", got, want)
	}
	if n := len(rows(t, fileMeasures)); n != 123 {
		t.Errorf("annex 6.1 has 123 measures, the table %d", n)
	}
}

func TestNamesAreValidAndUnique(t *testing.T) {
	c := build(t)
	seen := map[string]bool{}
	check := func(kind string, o named) {
		t.Helper()
		key := kind + " " + o.GetNamespace() + "/" + o.GetName()
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		for _, problem := range append(validation.IsDNS1123Label(o.GetName()), validation.IsValidLabelValue(o.GetName())...) {
			t.Errorf("%s: %s", key, problem)
		}
	}
	for _, u := range c.Units {
		check("unit", u)
	}
	for _, n := range c.Namespaces {
		check("namespace", n)
	}
	for _, l := range c.ServiceLevels {
		check("service level", l)
	}
	for _, a := range c.Applications {
		check("application", a)
	}
	for _, p := range c.Projects {
		check("project", p)
	}
}

func TestNamespaces(t *testing.T) {
	c := build(t)
	var have []string
	for _, n := range c.Namespaces {
		have = append(have, n.Name)
		if n.Labels[v1alpha1.LabelUnit] != n.Name {
			t.Errorf("namespace %s belongs to unit %q", n.Name, n.Labels[v1alpha1.LabelUnit])
		}
	}
	var want []string
	for _, u := range c.Units {
		owns := slices.ContainsFunc(c.Applications, func(a *v1alpha1.Application) bool { return a.Namespace == u.Name }) ||
			slices.ContainsFunc(c.Projects, func(p *v1alpha1.Project) bool { return p.Namespace == u.Name })
		named := u.Spec.Type == v1alpha1.UnitEducation || u.Spec.Type == v1alpha1.UnitFireControlCentre
		if owns || named || u.Spec.ParentRef == nil {
			want = append(want, u.Name)
		}
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Error(diff)
	}
	for _, name := range []string{"kdz-16", "amt-10", "amt-12", "amt-50", "amt-451", "amt-40-edu", "amt-37-ils", "kaw"} {
		if !slices.Contains(have, name) {
			t.Errorf("namespace %s is missing", name)
		}
	}
	if slices.Contains(have, "kdz-16-03-04") {
		t.Error("a group that owns nothing has a namespace")
	}
}

// TestEveryServiceOfTheKDZ names what the KDZ operates after its organisation
// page, the e-government report and the steering model, each with an
// application that stands for it.
func TestEveryServiceOfTheKDZ(t *testing.T) {
	have := map[string]bool{}
	for _, a := range build(t).Applications {
		have[a.Namespace+"/"+a.Name] = true
	}
	services := map[string]string{
		"payroll": "amt-10/entgeltabrechnung", "human resources": "amt-10/sap-personalwirtschaft",
		"state-wide processes": "kdz-16/landesweite-verfahren", "device management": "kdz-16/endgeraetemanagement",
		"GIS": "kdz-16/geodatendienste", "WebGIS": "amt-61/webgis", "Microsoft servers": "kdz-16/microsoft-server",
		"Citrix": "kdz-16/citrix", "VPN": "kdz-16/vpn", "virus protection": "kdz-16/virenschutz", "e-mail": "kdz-16/e-mail",
		"iOS": "kdz-16/ios-management", "databases": "kdz-16/datenbanken", "storage": "kdz-16/speicher",
		"virtualisation": "kdz-16/virtualisierung", "backup": "kdz-16/datensicherung", "network": "kdz-16/netzwerk",
		"telephone system": "kdz-16/telefonanlage", "VoIP": "kdz-16/voip", "SAP": "kdz-16/sap", "Linux": "kdz-16/linux",
		"internet": "kdz-16/internetzugang", "KDZ Cloud": "kdz-16/kdz-cloud", "intranet": "amt-10/intranet",
		"websites": "kdz-16/webhosting", "service desk": "kdz-16/service-desk", "assets": "kdz-16/asset-management",
		"users": "kdz-16/benutzerverwaltung", "output": "kdz-16/ausgabemanagement",
		"document management": "amt-10/dokumentenmanagementsystem", "personnel file": "amt-10/digitale-personalakte",
		"tax file": "amt-20/steuerakte", "building file": "amt-60/bauakte", "enforcement file": "amt-20/vollstreckungsarchiv",
		"foreigners' file": "amt-33/auslaenderakte", "invoice workflow": "kdz-16/rechnungsworkflow",
		"X-Rechnung": "amt-20/digitale-rechnungen", "long-term archive": "amt-47/langzeitarchiv",
		"application and process platform": "amt-10/antrags-und-prozessplattform", "e-payment": "amt-20/e-payment",
		"virtual mail room": "amt-10/virtuelle-poststelle", "authority mailbox": "amt-10/behoerdenpostfach",
		"user account": "amt-20/buergerkonto", "content management of mainz.de": "kdz-16/sitepark",
		"mainz.de": "amt-10/internetauftritt", "appointments, vehicles": "amt-31/terminvereinbarung-kfz",
		"appointments, foreigners": "amt-33/terminvereinbarung-auslaenderangelegenheiten",
		"time management":          "amt-10/elektronische-zeiterfassung", "time management, fire watch": "amt-37/timeoffice-wachabteilung",
		"time management, WB": "wb/zeiterfassung", "time management, P&I": "kdz-16/p-und-i-time",
		"council information": "amt-10/ratsinformationssystem", "hosting for third parties": "extern/hosting-fuer-dritte",
		"schools": "amt-40-edu/paedagogische-it", "fire control centre": "amt-37-ils/leitstellensystem",
		"shared IT of EBS and KAW": "amt-70/gemeinsame-it-ebs-kaw", "traffic lights": "amt-61/lichtsignalsteuerung",
		"parking control": "amt-61/parkraumsteuerung", "companies close to the city": "stadtwerke/it-stadtnaher-gesellschaften",
	}
	for _, service := range slices.Sorted(maps.Keys(services)) {
		if !have[services[service]] {
			t.Errorf("%s: there is no application %s", service, services[service])
		}
	}
}

func TestLayersNameAllFiles(t *testing.T) {
	files, err := build(t).Files()
	if err != nil {
		t.Fatal(err)
	}
	top := string(files[kustomizationFile])
	last := -1
	for _, dir := range []string{unitsDir, levelsDir, exemptionsDir, applicationsDir, projectsDir} {
		at := strings.Index(top, "- "+dir+"\n")
		if at <= last {
			t.Errorf("layer %s is missing or out of order", dir)
		}
		last = at
	}
	for name := range files {
		dir, base, inLayer := strings.Cut(name, "/")
		if inLayer && base != kustomizationFile && !bytes.Contains(files[dir+"/"+kustomizationFile], []byte("- "+base+"\n")) {
			t.Errorf("the kustomization of %s does not name %s", dir, base)
		}
	}
	if !bytes.Contains(files[exemptionsDir+"/"+kustomizationFile], []byte("resources: []")) {
		t.Error("the layer of exemptions is not empty")
	}
	units := string(files[unitsDir+"/"+kustomizationFile])
	if strings.Index(units, "policy.yaml") > strings.Index(units, "namespaces.yaml") {
		t.Error("the policy must come before the namespaces")
	}
}
