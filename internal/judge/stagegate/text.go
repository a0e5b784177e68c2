// SPDX-License-Identifier: Apache-2.0

package stagegate

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Limits of the status, in bytes and entries.
const (
	maxMessage  = 512
	maxField    = 256
	maxMissing  = 32
	maxServices = 32
	// maxService bounds the name of an online service.
	maxService = 256
	// maxName bounds what a message tells of a text that people wrote.
	maxName = 60
	// maxOfAKind bounds how many entries of one kind are told one by one, so
	// that they do not crowd out the others.
	maxOfAKind = 8
)

// shorten cuts a text to at most limit bytes, and shows that it did.
func shorten(s string, limit int) string {
	const ellipsis = "…"
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit-len(ellipsis)], "") + ellipsis
}

// fold keeps the first entries, and tells in the last of them how many more
// there are.
func fold(items []v1alpha1.MissingItem, limit int) []v1alpha1.MissingItem {
	if len(items) <= limit {
		return items
	}
	more := fmt.Sprintf("; and %d more", len(items)-limit)
	last := &items[limit-1]
	last.Message = shorten(last.Message, maxMessage-len(more)) + more
	return items[:limit]
}

// nameOf tells a project or an Application as somebody of this namespace would.
func (j *judge) nameOf(key types.NamespacedName) string {
	if key.Namespace == "" || key.Namespace == j.Project.Namespace {
		return key.Name
	}
	return key.Namespace + "/" + key.Name
}

// bodyName names a body that decides.
func bodyName(b v1alpha1.DecisionBody) string {
	if b == v1alpha1.BodyConference {
		return "the DigIT conference"
	}
	return "the DigIT steering round"
}

// lead names who leads the project.
func (j *judge) lead() string {
	if l := j.Project.Spec.Lead; l != nil && l.Name != "" {
		return "the project lead (" + shorten(l.Name, maxName) + ")"
	}
	return "the project lead"
}

// office names the office that needs the project.
func (j *judge) office() string {
	if name := j.Project.Spec.OfficeRef.Name; name != "" {
		return "the office " + shorten(string(name), maxName)
	}
	return "the office"
}

// paperName names the paper and its day.
func (j *judge) paperName() string {
	return fmt.Sprintf("%s (as of %s)", shorten(j.Project.Spec.Recorded.Source, maxName), j.paper.on.text)
}
