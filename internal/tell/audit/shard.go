// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"slices"

	corev1 "k8s.io/api/core/v1"
)

const (
	// maxResults of a report. One report with all results of a large namespace
	// cannot be written: etcd takes 1.5 MiB.
	maxResults = 500
	// maxBytes of the results of a report, as JSON.
	maxBytes = 960 << 10
	// maxDepth of the division: a subject's hash has no more bits.
	maxDepth = 64
	// digestVersion changes with how a report is made of findings, so that all
	// are written anew.
	digestVersion = "v1"
)

// entry is a finding, and what is needed to find its place.
type entry struct {
	*Finding
	// hash of its subject.
	hash uint64
	// size that it has as JSON at most.
	size int
}

// shard is what one report holds. Results are made of its findings only if it
// is to be written, since most are not.
type shard struct {
	name     string
	digest   string
	findings []*Finding
}

// shards divides findings among reports. A report that would be too large is
// divided by the first bit of the hash of each result's subject, each half by
// the second bit, and so on. So a report's name and content depend on nothing
// but the findings, and a change of one subject touches one report, save where
// that has grown too large, or two are small enough to be one again.
func shards(findings []Finding) []shard {
	if len(findings) == 0 {
		return nil
	}
	entries := make([]entry, len(findings))
	buffer := make([]byte, 0, 256)
	for i := range findings {
		f := &findings[i]
		buffer = appendSubject(buffer[:0], &f.Subject)
		sum := sha256.Sum256(buffer)
		entries[i] = entry{f, binary.BigEndian.Uint64(sum[:]), f.size()}
	}
	var all []shard
	divide(entries, "", &all)
	return all
}

// appendSubject writes what spreads subjects evenly. The UID is no part of it:
// what is deleted and made again under its name stays where it was.
func appendSubject(b []byte, o *corev1.ObjectReference) []byte {
	for _, part := range []string{o.APIVersion, o.Kind, o.Namespace, o.Name} {
		b = append(append(b, part...), 0)
	}
	return b
}

// divide makes reports of those entries whose hashes begin with the bits of
// prefix. The results of one subject are not divided; if they alone were too
// many, the last would be left out.
func divide(entries []entry, prefix string, all *[]shard) {
	if len(entries) == 0 {
		return
	}
	if fits(entries) || len(prefix) == maxDepth {
		*all = append(*all, newShard(entries, prefix))
		return
	}
	var halves [2][]entry
	for _, e := range entries {
		bit := e.hash >> (maxDepth - 1 - len(prefix)) & 1
		halves[bit] = append(halves[bit], e)
	}
	divide(halves[0], prefix+"0", all)
	divide(halves[1], prefix+"1", all)
}

// fits says whether entries may be in one report.
func fits(entries []entry) bool {
	if len(entries) > maxResults {
		return false
	}
	size := 0
	for i := range entries {
		size += entries[i].size
	}
	return size <= maxBytes
}

// newShard makes a report of entries.
func newShard(entries []entry, prefix string) shard {
	s := shard{name: Source, findings: make([]*Finding, 0, len(entries))}
	if prefix != "" {
		s.name += "-" + prefix
	}
	d := digester{Hash: sha256.New()}
	size := 0
	for i := range entries {
		if size += entries[i].size; size > maxBytes || i == maxResults {
			break
		}
		d.finding(entries[i].Finding)
		s.findings = append(s.findings, entries[i].Finding)
	}
	s.digest = digestVersion + ":" + hex.EncodeToString(d.Sum(nil))
	return s
}

// digester makes a digest of findings. It reads all that is told of them, and
// no more, so that a report is written anew exactly if it would say something
// else.
type digester struct {
	hash.Hash
	buffer []byte
	names  []string
}

// finding adds a finding to the digest, each text with its length before it, so
// that no two lists of findings are alike.
func (d *digester) finding(f *Finding) {
	d.buffer = d.buffer[:0]
	for _, text := range []string{
		f.Policy, f.Rule, f.Category, f.Severity, f.Result,
		f.Subject.APIVersion, f.Subject.Kind, f.Subject.Namespace, f.Subject.Name, string(f.Subject.UID),
		bounded(f.Message, maxMessage),
	} {
		d.text(text)
	}
	d.names = d.names[:0]
	f.eachProperty(func(name, _ string) { d.names = append(d.names, name) })
	slices.SortFunc(d.names, cmp.Compare[string])
	d.buffer = binary.AppendUvarint(d.buffer, uint64(len(d.names)))
	for _, name := range d.names {
		d.text(name)
		d.text(f.property(name))
	}
	_, _ = d.Write(d.buffer)
}

func (d *digester) text(s string) {
	d.buffer = binary.AppendUvarint(d.buffer, uint64(len(s)))
	d.buffer = append(d.buffer, s...)
}
