// SPDX-License-Identifier: Apache-2.0

package mainz

import (
	"io/fs"
	"strings"

	"kdz.mainz.de/operator/hack/catalogue/internal/table"
)

// The tables of the catalogue.
const (
	fileUnits         = "units.csv"
	fileTreatments    = "treatments.csv"
	fileStateServices = "state-services.csv"
	fileServiceLevels = "service-levels.csv"
	fileMeasures      = "measures.csv"
	fileServices      = "services.csv"
	fileDecentral     = "decentral.csv"
	fileAssumptions   = "assumptions.csv"
	fileEndpoints     = "endpoints.csv"
	fileHosting       = "hosting.csv"
	fileBackup        = "backup.csv"
	fileDependencies  = "dependencies.csv"
	fileContracts     = "contracts.csv"
	fileOnline        = "online-services.csv"
	fileProjects      = "projects.csv"
	fileExclusions    = "exclusions.csv"
)

// columns says what the first line of each table must be.
var columns = map[string]string{
	fileUnits:         "number,parent,kind,name_de,name_en,responsibilities",
	fileTreatments:    "unit_type,treatment,basis",
	fileStateServices: "name,legal_basis,basis",
	fileServiceLevels: "id,name_de,name_en,objective,window,minimum_coverage,hours,holidays,closures,patch_schedule,patch_duration," +
		"latency_threshold,latency_objective,backup_max_age,restore_test_max_age,max_outage,support",
	fileMeasures: "office,former_office,name,priority,state_2020,provider,provider_basis,programme,hosting,since,end,replaced_by," +
		"id,name_en,operated_by,supported_by,state_service,supplier,lifecycle,lifecycle_source",
	fileServices: "unit,id,name_de,name_en,description,lifecycle,provider,provider_basis,operated_by,supported_by,unit_basis," +
		"serves,clients,source",
	fileDecentral:   "name,unit,treatment,basis,certainty,id,name_de,provider,operated_by,supported_by",
	fileAssumptions: "unit,application,service_level,confidentiality,integrity,availability,personal_data",
	fileEndpoints: "unit,application,endpoint,url,interval,timeout,failure_threshold,importance,max_latency,body_pattern," +
		"ca_secret,server_name,dns_server,dns_type,dns_values,grpc_service,lab,fault",
	fileHosting:      "unit,application,platform,system,url,requires,lab,fault",
	fileBackup:       "unit,application,source,max_age,not_required_reason,lab",
	fileDependencies: "unit,application,on_unit,on_application,strength",
	fileContracts:    "unit,application,number,name,type,supplier,ends_on,notice_period_days,annual_cost_eur",
	fileOnline:       "list,ozg_service,single_service,offices,leika_type,platform,mainz_leads,application,application_basis",
	fileProjects:     "name_de,programme,office,state,start,end,as_of,source,note,id,name_en,milestone,parent,parent_basis,depends_on",
	fileExclusions:   "table,unit,name,reason",
}

// read reads all tables. Whatever is wrong with them is added to problems.
func read(fsys fs.FS, problems *table.Problems) map[string][]table.Row {
	tables := make(map[string][]table.Row, len(columns))
	for file, header := range columns {
		tables[file] = table.Read(fsys, file, strings.Split(header, ","), problems)
	}
	return tables
}

// exclusion names a row that becomes no object.
type exclusion struct{ table, unit, name string }

// exclusions are the rows that become no object, each with its reason.
type exclusions struct {
	rows map[exclusion]table.Row
	used map[exclusion]bool
}

// newExclusions reads the exclusions.
func newExclusions(rows []table.Row, problems *table.Problems) *exclusions {
	e := &exclusions{rows: map[exclusion]table.Row{}, used: map[exclusion]bool{}}
	for _, row := range rows {
		key := exclusion{row.Get("table"), row.Get("unit"), row.Get("name")}
		if first, double := e.rows[key]; double {
			problems.Add(row.Cell("name").Problem("this row is already excluded at %s; keep one of them", first.Cell("name").Place()))
			continue
		}
		if row.Cell("reason").Empty() {
			problems.Add(row.Cell("reason").Problem("no reason is given; say why %q is not in the catalogue", key.name))
		}
		e.rows[key] = row
	}
	return e
}

// excluded says whether a row becomes no object.
func (e *exclusions) excluded(file, unit, name string) bool {
	key := exclusion{file, unit, name}
	_, out := e.rows[key]
	if out {
		e.used[key] = true
	}
	return out
}

// check finds exclusions that exclude nothing.
func (e *exclusions) check(problems *table.Problems) {
	for key, row := range e.rows {
		if !e.used[key] {
			problems.Add(row.Cell("name").Problem("%s has no row of unit %q with name %q; write both as they stand there, or delete this line", key.table, key.unit, key.name))
		}
	}
}
