// SPDX-License-Identifier: Apache-2.0

package availability

import (
	"cmp"
	"encoding/json"
	"slices"
	"unicode/utf8"

	"kdz.mainz.de/operator/api/v1alpha1"
)

const (
	// maxExclusions that are named; all others are one.
	maxExclusions = 16
	// maxOutages that are listed.
	maxOutages = 32
	// maxRecord is how much a record may hold, in bytes of JSON.
	maxRecord = 32 << 10
	// Bounds of texts, in characters.
	maxName, maxReason, maxMessage = 253, 64, 512
)

// begin opens an outage, or names the check on which one that lasts rests now.
func (a *account) begin(p *piece) {
	if open := a.cur.OpenOutage; open != nil {
		if check := clip(p.check, maxName); open.Check != check {
			open.Check = check
			a.news.state = true
		}
		return
	}
	cause := p.cause.DeepCopy()
	if cause == nil {
		cause = &v1alpha1.Cause{Kind: p.kind, Name: p.check}
	}
	cause.Name, cause.Reason, cause.Message = clip(cause.Name, maxName), clip(cause.Reason, maxReason), clip(cause.Message, maxMessage)
	if cause.Kind == "" {
		cause = nil
	}
	a.cur.OpenOutage = &v1alpha1.Outage{
		Check: clip(cmp.Or(p.check, "unknown"), maxName), StartAt: stamp(p.from), Charged: new(true), Cause: cause,
	}
	a.cur.Accumulators.Outages++
}

// end closes the outage that is open.
func (a *account) end(at int64, reason string) {
	over := *a.cur.OpenOutage
	over.EndAt, over.EndReason, over.Charged = new(stamp(at)), reason, new(true)
	a.ended = append(a.ended, over)
	a.cur.OpenOutage = nil
	a.news.state = true
}

// clip keeps a text within so many characters.
func clip(text string, characters int) string {
	if len(text) <= characters || utf8.RuneCountInString(text) <= characters {
		return text
	}
	return string([]rune(text)[:characters])
}

// exclude notes what was not charged, and why.
func exclude(o *v1alpha1.Outage, kind, name string, seconds int64) {
	if seconds <= 0 {
		return
	}
	name = clip(name, maxName)
	for i := range o.Exclusions {
		if e := &o.Exclusions[i]; e.Kind == kind && e.Name == name {
			e.Seconds += seconds
			return
		}
	}
	if len(o.Exclusions) < maxExclusions {
		o.Exclusions = append(o.Exclusions, v1alpha1.Exclusion{Kind: kind, Name: name, Seconds: seconds})
		// In an order that does not tell how often the account was judged.
		slices.SortFunc(o.Exclusions, func(x, y v1alpha1.Exclusion) int {
			return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
		})
		return
	}
	if len(o.Exclusions) == maxExclusions {
		o.Exclusions = append(o.Exclusions, v1alpha1.Exclusion{Kind: "Other"})
	}
	o.Exclusions[maxExclusions].Seconds += seconds
}

// Append puts outages that ended on top of a record's list, which is to be
// whole, and drops what is too many or too much: the list holds the newest 32,
// and the record with it at most 32 KiB of JSON, without its managedFields. One
// that is listed already, by its check and its start, is not listed again. It
// is to be called before each write of a record, also without outages.
func Append(record *v1alpha1.AvailabilityRecord, ended []v1alpha1.Outage) {
	for i := range ended {
		e := &ended[i]
		if !slices.ContainsFunc(record.Outages, func(o v1alpha1.Outage) bool {
			return o.Check == e.Check && o.StartAt.Unix() == e.StartAt.Unix()
		}) {
			record.Outages = slices.Insert(record.Outages, 0, *e.DeepCopy())
		}
	}
	keep := min(len(record.Outages), maxOutages)
	left := maxRecord - sizeWithoutOutages(record)
	for i := range keep {
		if left -= sizeOf(&record.Outages[i]) + len(","); left < 0 {
			keep = i
			break
		}
	}
	record.Dropped += int64(len(record.Outages) - keep)
	record.Outages = record.Outages[:keep:keep]
	if keep == 0 {
		record.Outages = nil
	}
}

// sizeWithoutOutages is how much a record takes up apart from what its list of
// outages holds.
func sizeWithoutOutages(record *v1alpha1.AvailabilityRecord) int {
	bare := *record
	bare.Outages, bare.ManagedFields = nil, nil
	return sizeOf(&bare) + len(`,"outages":[],"dropped":9223372036854775807`)
}

// sizeOf is how much something takes up as JSON. What cannot be written takes
// up all there is.
func sizeOf(v any) int {
	text, err := json.Marshal(v)
	if err != nil {
		return maxRecord
	}
	return len(text)
}
