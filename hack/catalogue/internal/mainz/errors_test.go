// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// realTables returns the real tables, to be spoilt.
func realTables(t *testing.T) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{}
	for file := range columns {
		content, err := os.ReadFile(dataDir + "/" + file)
		if err != nil {
			t.Fatal(err)
		}
		fsys[file] = &fstest.MapFile{Data: content}
	}
	return fsys
}

// spoil sets the column of the first row that holds marker in any of its
// values, and returns the line of that row.
func spoil(t *testing.T, fsys fstest.MapFS, file, marker, column, value string) int {
	t.Helper()
	records, err := csv.NewReader(bytes.NewReader(fsys[file].Data)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := slices.Index(records[0], column)
	line := slices.IndexFunc(records, func(r []string) bool { return slices.Contains(r, marker) })
	if at < 0 || line < 1 {
		t.Fatalf("%s has no column %q or no row with %q", file, column, marker)
	}
	records[line][at] = value
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(records); err != nil {
		t.Fatal(err)
	}
	fsys[file].Data = b.Bytes()
	return line + 1
}

func TestTablesThatCannotBeUsed(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(fstest.MapFS)
		want  string
	}{
		{"missing table", func(f fstest.MapFS) { delete(f, fileMeasures) }, "measures.csv: cannot be opened"},
		{"wrong number of values", func(f fstest.MapFS) {
			f[fileTreatments].Data = append(f[fileTreatments].Data, "Education,Exempt\n"...)
		}, "treatments.csv:8:11: treatment: the line has 2 values where 3 are expected"},
		{"wrong header", func(f fstest.MapFS) {
			f[fileUnits].Data = bytes.Replace(f[fileUnits].Data, []byte("number,parent"), []byte("nummer,parent"), 1)
		}, `units.csv:1:1: number: column "nummer" stands where "number" is expected`},
		{"no KDZ", func(f fstest.MapFS) {
			f[fileUnits].Data = bytes.Replace(f[fileUnits].Data, []byte("\n16,,KDZ"), []byte("\n17,,KDZ"), 1)
		}, "units.csv: has no unit 16 (the KDZ)"},
		{"no programme", func(f fstest.MapFS) {
			f[fileProjects].Data = bytes.Replace(f[fileProjects].Data, []byte(",ozg,"), []byte(",oeffentlich,"), 1)
		}, "projects.csv: has no project amt-10/ozg"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			fsys := realTables(t)
			tc.spoil(fsys)
			if _, err := Build(fsys); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want it to contain %q", err, tc.want)
			}
		})
	}
}

func TestBadValuesAreToldWithTheirPlace(t *testing.T) {
	const intranet = "dns://intranet.lab.kdz.example"
	tests := []struct {
		name, file, marker, column, value string
		words                             []string
	}{
		{"unknown office", fileMeasures, "IWAN - Interaktive Wahlanwendung", "office", "99", []string{`no unit "99"`, "units.csv"}},
		{"unknown group", fileMeasures, "Service-Homepage", "operated_by", "16.09", []string{`no unit "16.09"`}},
		{"group that is none", fileMeasures, "Service-Homepage", "operated_by", "10", []string{"no group of the KDZ", "16.03.04"}},
		{"KDZ without group", fileMeasures, "Service-Homepage", "operated_by", "", []string{"write the group"}},
		{"group of the state", fileMeasures, "Sterbeurkunde bestellen (rlpDirekt)", "operated_by", "16.03", []string{"leave it empty"}},
		{"unknown state", fileMeasures, "Service-Homepage", "state_2020", "Runs", []string{`"Runs" is unknown`, "Operating"}},
		{"unknown provider", fileMeasures, "Service-Homepage", "provider", "Cloud", []string{"KDZ, State, Decentral, Undetermined"}},
		{"unknown basis", fileMeasures, "Service-Homepage", "provider_basis", "guessed", []string{"stated, inferred"}},
		{"unknown priority", fileMeasures, "Service-Homepage", "priority", "7", []string{"one of 0, 1"}},
		{"unknown successor", fileMeasures, "Formularserver", "replaced_by", "Nichts", []string{`the title "Nichts"`}},
		{"unknown service of the state", fileMeasures, "Sterbeurkunde bestellen (rlpDirekt)", "state_service", "Kino", []string{"state-services.csv"}},
		{"service of the state at the KDZ", fileMeasures, "Service-Homepage", "state_service", "Nutzerkonto", []string{"leave it empty"}},
		{"bad since", fileMeasures, "Sitepark", "since", "long ago", []string{"is no date", "2025-04"}},
		{"lifecycle without source", fileMeasures, "Dokumentenmanagementsystem", "lifecycle_source", "", []string{"name the paper"}},
		{"dependency twice", fileDependencies, "stellenplan", "application", "reisekosten", []string{"keep one line"}},
		{"dependencies in a circle", fileDependencies, "speicher", "on_application", "speicher", []string{"circle"}},
		{"duplicate name", fileMeasures, "KDZ-Wiki", "id", "service-t", []string{"already has an application \"service-t\"", "measures.csv:", "column id"}},
		{"name too long", fileMeasures, "KDZ-Wiki", "id", strings.Repeat("a", 64), []string{"at most 63"}},
		{"name with capitals", fileServices, "citrix", "id", "Citrix", []string{"a-z, 0-9"}},
		{"title too long", fileServices, "citrix", "name_de", strings.Repeat("ä", 257), []string{"257 characters", "256"}},
		{"duplicate across tables", fileServices, "citrix", "id", "kdz-wiki", []string{"measures.csv:"}},
		{"unknown clientele", fileServices, "citrix", "serves", "City;Everybody", []string{`"Everybody" is unknown`}},
		{"clients in words", fileServices, "sap-personalwirtschaft", "clients", "many", []string{"no whole number"}},
		{"unknown treatment", fileDecentral, "lichtsignalsteuerung", "treatment", "Maybe", []string{"UnderReview"}},
		{"unknown kind", fileUnits, "Hauptamt", "kind", "Ministry", []string{`"Ministry" is unknown`}},
		{"unknown parent", fileUnits, "Technischer Betrieb", "parent", "17", []string{`no unit "17"`}},
		{"units in a circle", fileUnits, "Kommunale Datenzentrale Mainz", "parent", "16.03.04", []string{"circle", "16 → 16.03.04 → 16.03 → 16"}},
		{"duplicate unit", fileUnits, "wb", "number", "kaw", []string{`unit "kaw"`, "must differ"}},
		{"no legal basis", fileStateServices, "eID-Service", "legal_basis", "", []string{"EGovGRP § 25 Abs. 4"}},
		{"unknown unit type", fileTreatments, "Education", "unit_type", "School", []string{"Education"}},
		{"bad objective", fileServiceLevels, "critical", "objective", "100.1", []string{"99.5"}},
		{"bad hours", fileServiceLevels, "basic", "hours", "Monday-Friday 16:00-08:00", []string{"Monday-Friday 08:00-16:00"}},
		{"unknown weekday", fileServiceLevels, "basic", "hours", "Montag 08:00-16:00", []string{"are no service hours"}},
		{"week backwards", fileServiceLevels, "basic", "hours", "Friday-Monday 08:00-16:00", []string{"are no service hours"}},
		{"closure of a month", fileServiceLevels, "basic", "closures", "2026-12", []string{"not a single day"}},
		{"bad window", fileServiceLevels, "basic", "window", "Week", []string{"Month, Quarter, Year"}},
		{"bad duration", fileServiceLevels, "basic", "max_outage", "2d", []string{"ms, s, m and h"}},
		{"bad support", fileServiceLevels, "basic", "support", "P1 4h", []string{"P1 30m 4h"}},
		{"unknown level", fileAssumptions, "iwan", "service_level", "gold", []string{`no service level "gold"`}},
		{"unknown protection", fileAssumptions, "iwan", "availability", "Extreme", []string{"Normal, High, VeryHigh"}},
		{"unknown application", fileAssumptions, "iwan", "application", "iwan2", []string{`no application "iwan2"`, applicationsDir}},
		{"assumed twice", fileAssumptions, "iwan", "application", "netzwerk", []string{"already in the table"}},
		{"endpoint elsewhere", fileEndpoints, "netzwerk", "url", "tcp://10.0.0.1:80", []string{"127.0.0.1"}},
		{"endpoint by name", fileEndpoints, "netzwerk", "url", "tcp://localhost:80", []string{"127.0.0.1"}},
		{"endpoint of another kind", fileEndpoints, "netzwerk", "url", "gopher://127.0.0.1:70", []string{"dns, grpc, grpcs, http", "tcp, tls"}},
		{"endpoint without port", fileEndpoints, "netzwerk", "url", "tcp://127.0.0.1", []string{"with a port"}},
		{"endpoint too often", fileEndpoints, "netzwerk", "interval", "1s", []string{"at least 5s"}},
		{"timeout too long", fileEndpoints, "netzwerk", "timeout", "5s", []string{"shorter than the interval"}},
		{"body of tcp", fileEndpoints, "netzwerk", "body_pattern", "ok", []string{"leave it empty"}},
		{"certificate of tcp", fileEndpoints, "netzwerk", "ca_secret", "lab-ca", []string{"leave it empty"}},
		{"name server elsewhere", fileEndpoints, intranet, "dns_server", "192.0.2.1:53", []string{"dns_server", "192.0.2.1:53", "127.0.0.1"}},
		{"name server without port", fileEndpoints, intranet, "dns_server", "127.0.0.1", []string{"is no name server", "127.0.0.1:18520"}},
		{"no name server", fileEndpoints, intranet, "dns_server", "", []string{"is no name server"}},
		{"name with port", fileEndpoints, intranet, "url", "dns://a.example:53", []string{"has no port", "dns://a.example"}},
		{"unknown record", fileEndpoints, intranet, "dns_type", "HINFO", []string{"AAAA", "MX"}},
		{"no value of a record", fileEndpoints, intranet, "dns_values", "", []string{"nothing that the lab could answer"}},
		{"name server of tcp", fileEndpoints, "netzwerk", "dns_server", "127.0.0.1:18520", []string{"dns_server is only for dns"}},
		{"record of tcp", fileEndpoints, "netzwerk", "dns_type", "A", []string{"dns_type is only for dns"}},
		{"value of tcp", fileEndpoints, "netzwerk", "dns_values", "192.0.2.1", []string{"dns_values is only for dns"}},
		{"gRPC service of tcp", fileEndpoints, "netzwerk", "grpc_service", "a.v1.A", []string{"grpc_service is only for grpc, grpcs"}},
		{"ping elsewhere", fileEndpoints, "icmp://127.0.0.1", "url", "icmp://192.0.2.1", []string{"not on this machine"}},
		{"ping of a port", fileEndpoints, "icmp://127.0.0.1", "url", "icmp://127.0.0.1:7", []string{"has no port", "icmp://127.0.0.1"}},
		{"kernel that is down", fileEndpoints, "icmp://127.0.0.1", "lab", "flaps", []string{"the kernel answers", "write up"}},
		{"certificate of ssh", fileEndpoints, "ssh://127.0.0.1:18522", "ca_secret", "lab-ca", []string{"ca_secret is only for", "leave it empty"}},
		{"status of what is refused", fileEndpoints, "ausgabemanagement", "fault", "status-500", []string{"status-500", "only for http, https"}},
		{"health of what is refused", fileEndpoints, "ausgabemanagement", "fault", "not-serving", []string{"only for grpc, grpcs"}},
		{"certificate of what is refused", fileEndpoints, "ausgabemanagement", "fault", "expired-certificate", []string{"has no certificate"}},
		{"unknown fault", fileEndpoints, "ausgabemanagement", "fault", "asleep", []string{`"asleep" is unknown`, "not-serving"}},
		{"down without fault", fileEndpoints, "netzwerk", "lab", "down", []string{"refused"}},
		{"fault although up", fileEndpoints, "netzwerk", "fault", "refused", []string{"is unknown"}},
		{"endpoint of what is planned", fileEndpoints, "netzwerk", "application", "formularserver", []string{"Retired", "delete the line"}},
		{"endpoint twice", fileEndpoints, "webmail", "endpoint", "mailbox", []string{"already has an endpoint"}},
		{"hosting of what is planned", fileHosting, "voip", "application", "formularserver", []string{"Retired", "delete the line"}},
		{"unknown platform of a host", fileHosting, "voip", "platform", "Solaris", []string{"SAP, Linux, Windows"}},
		{"two platforms", fileHosting, "virt02.lab.kdz.example", "platform", "Windows", []string{"runs on Linux already", "one platform"}},
		{"host without a domain", fileHosting, "voip", "system", "voip01", []string{"no name of a host", "web01.lab.kdz.example"}},
		{"host twice", fileHosting, "virt02.lab.kdz.example", "system", "virt01.lab.kdz.example", []string{"already runs on"}},
		{"exporter elsewhere", fileHosting, "voip", "url", "http://10.0.0.1:9100/metrics", []string{"nothing that the lab serves", "127.0.0.1:18700"}},
		{"exporter over TLS", fileHosting, "voip", "url", "https://127.0.0.1:18700/voip01/metrics", []string{"nothing that the lab serves"}},
		{"unit without suffix", fileHosting, "voip", "requires", "asterisk", []string{"no unit of systemd", "nginx.service"}},
		{"fault of a host that is up", fileHosting, "voip", "fault", "filesystem-full", []string{"is unknown"}},
		{"unknown fault of a host", fileHosting, "urkundenarchiv-vdu", "fault", "process-yellow", []string{"filesystem-full"}},
		{"unknown fault of SAP", fileHosting, "online-bewerbung-hcm", "fault", "filesystem-full", []string{"process-yellow"}},
		{"host that flaps", fileHosting, "voip", "lab", "flaps", []string{"up, degraded"}},
		{"no instance", fileHosting, "sap", "system", "sap-sm1.lab.kdz.example", []string{"names no instance", "P01/00 on"}},
		{"two SAP systems", fileHosting, "P01/01 on sap-p01-app.lab.kdz.example", "system", "P02/01 on sap-p02.lab.kdz.example", []string{"P01 already"}},
		{"unit of SAP", fileHosting, "sap", "requires", "sap.service", []string{"only for Linux, Windows"}},
		{"backup of what is retired", fileBackup, "voip", "application", "formularserver", []string{"Retired"}},
		{"backup twice", fileBackup, "telefonanlage", "application", "voip", []string{"has a backup already"}},
		{"backup without an age", fileBackup, "leistungsdatenbank", "max_age", "", []string{"no service level", "26h"}},
		{"age in days", fileBackup, "leistungsdatenbank", "max_age", "2d", []string{"ms, s, m and h"}},
		{"no source", fileBackup, "voip", "source", "", []string{"not_required_reason"}},
		{"a source although none is required", fileBackup, "citrix", "source", "files", []string{"leave it empty"}},
		{"backup that fails", fileBackup, "voip", "lab", "failed", []string{"current, overdue"}},
		{"unknown dependency", fileDependencies, "speicher", "on_application", "netz", []string{`no application "netz"`}},
		{"unknown strength", fileDependencies, "speicher", "strength", "Firm", []string{"Hard, Soft"}},
		{"contract of a month", fileContracts, "B-1004", "ends_on", "2027-02", []string{"ends on a day"}},
		{"bad cost", fileContracts, "B-1004", "annual_cost_eur", "-1", []string{"at least 0"}},
		{"unknown platform", fileOnline, "Baumfällgenehmigung", "application", "10/civento", []string{`no application "10/civento"`}},
		{"unknown office of a service", fileOnline, "Elterngeld", "offices", "50, 99", []string{`no unit "99"`}},
		{"unknown stage", fileProjects, "Conceptboard", "state", "Nearly", []string{`"Nearly" is unknown`, "InTrial"}},
		{"bad month", fileProjects, "Conceptboard", "as_of", "2025-13", []string{"is no date", "2025-04"}},
		{"end without milestone", fileProjects, "X-Rechnung", "milestone", "", []string{"needs a name"}},
		{"unknown parent project", fileProjects, "softphones", "parent", "10/nothing", []string{`no project "10/nothing"`}},
		{"no reference", fileProjects, "softphones", "parent", "ozg", []string{"10/ozg"}},
		{"projects in a circle", fileProjects, "softphones", "parent", "10/softphones", []string{"circle", "amt-10/softphones → amt-10/softphones"}},
		{"duplicate project", fileProjects, "softphones", "id", "ozg", []string{`already has a project "ozg"`}},
		{"exclusion of nothing", fileExclusions, "QR-Code", "name", "QR-Codes", []string{"no row", "delete this line"}},
		{"exclusion without reason", fileExclusions, "QR-Code", "reason", "", []string{"say why"}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			fsys := realTables(t)
			line := spoil(t, fsys, tc.file, tc.marker, tc.column, tc.value)
			c, err := Build(fsys)
			if err == nil || c != nil {
				t.Fatal("the spoilt tables make a catalogue")
			}
			prefix, found := fmt.Sprintf("%s:%d:", tc.file, line), false
			for told := range strings.SplitSeq(err.Error(), "\n") {
				ok := strings.HasPrefix(told, prefix)
				for _, w := range tc.words {
					ok = ok && strings.Contains(told, w)
				}
				found = found || ok
			}
			if !found {
				t.Errorf("no line begins with %s and contains %q:\n%v", prefix, tc.words, err)
			}
		})
	}
}
