// SPDX-License-Identifier: Apache-2.0

package acceptance

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// hashVersion names the form of what is hashed. Another form needs another
// version: a signature is for one form, and never becomes valid for another.
const hashVersion = "v1"

// DefaultChecks are the checks of a handover that names none, as the schema sets
// them.
func DefaultChecks() []v1alpha1.HandoverCheck {
	return []v1alpha1.HandoverCheck{
		v1alpha1.CheckEndpointsAvailable, v1alpha1.CheckHostingHealthy, v1alpha1.CheckBackedUp, v1alpha1.CheckServiceLevelAssigned,
		v1alpha1.CheckCentralised, v1alpha1.CheckCertificatesValid, v1alpha1.CheckContactsNamed,
	}
}

// content is what is signed. Its form, down to the order of the fields, is
// hashVersion.
type content struct {
	Project      string            `json:"project"`
	Applications []string          `json:"applications"`
	Operations   string            `json:"operations"`
	Support      string            `json:"support"`
	Checks       []string          `json:"checks"`
	Criteria     []criterionSigned `json:"criteria"`
}

type criterionSigned struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
}

// Hash returns the content hash of what a handover says: its project, its
// Applications, the units, the checks, and the criteria without what fulfils
// them. Neither the order of a list nor whether a default is written out makes a
// difference, so that what a person hashes from a file is what the cluster
// hashes; the criteria that the policy supplies to a handover without its own
// are not part of it.
func Hash(s *v1alpha1.HandoverSpec) v1alpha1.ContentHash {
	signed := content{
		Project:    qualified(s.ProjectRef.Namespace, s.ProjectRef.Name),
		Operations: string(s.OperationsUnitRef.Name),
	}
	if s.SupportUnitRef != nil {
		signed.Support = string(s.SupportUnitRef.Name)
	}
	for _, ref := range s.ApplicationRefs {
		signed.Applications = append(signed.Applications, qualified(ref.Namespace, ref.Name))
	}
	slices.Sort(signed.Applications)
	checks := s.Checks
	if checks == nil {
		checks = DefaultChecks()
	}
	for _, check := range checks {
		signed.Checks = append(signed.Checks, string(check))
	}
	slices.Sort(signed.Checks)
	for i := range s.Criteria {
		c := &s.Criteria[i]
		signed.Criteria = append(signed.Criteria, criterionSigned{
			Name: string(c.Name), Description: c.Description, Required: c.Required == nil || *c.Required,
		})
	}
	slices.SortFunc(signed.Criteria, func(a, b criterionSigned) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Description, b.Description))
	})
	data, err := json.Marshal(signed)
	if err != nil {
		panic(fmt.Sprintf("strings and lists of them always have a form in JSON: %v", err))
	}
	sum := sha256.Sum256(data)
	return v1alpha1.ContentHash(hashVersion + ":" + hex.EncodeToString(sum[:]))
}

// qualified names an object, with its namespace if one is written.
func qualified(namespace v1alpha1.NamespaceName, name v1alpha1.ObjectName) string {
	if namespace == "" {
		return string(name)
	}
	return string(namespace) + "/" + string(name)
}
