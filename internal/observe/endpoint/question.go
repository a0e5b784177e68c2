// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// question digests all that makes a check what it is. Two probes with the same
// digest can share an answer.
type question struct {
	digest hash.Hash
}

func newQuestion(t target, timeout, maxLatency time.Duration) *question {
	q := &question{digest: sha256.New()}
	what := t.scheme + "://" + t.address
	if t.url != nil {
		what = t.url.String()
	}
	q.add("url", what)
	q.add("timeout", timeout.String())
	q.add("maxLatency", maxLatency.String())
	return q
}

// add takes in one property. Each part is preceded by its length, so that no
// two different sequences of properties digest the same bytes.
func (q *question) add(property string, values ...string) {
	var n [8]byte
	write := func(s string) {
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		q.digest.Write(n[:])
		q.digest.Write([]byte(s))
	}
	write(property)
	write(strconv.Itoa(len(values)))
	for _, v := range values {
		write(v)
	}
}

// addSecret takes in which state of which Secret is used, and for what. The
// digest does not depend on what the Secret holds.
func (q *question) addSecret(property string, s *corev1.Secret) {
	q.add(property, string(s.UID), s.ResourceVersion)
}

// key returns 32 characters: 192 bits of SHA-256.
func (q *question) key() string {
	return base64.RawURLEncoding.EncodeToString(q.digest.Sum(nil)[:24])
}
