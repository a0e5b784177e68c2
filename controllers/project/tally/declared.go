// SPDX-License-Identifier: Apache-2.0

package tally

import (
	"slices"
	"unique"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/judge/stagegate"
)

// Project is what a Project says that matters to others, and whom it names.
type Project struct {
	Key types.NamespacedName
	// Parent that it is a part of; empty if it names none.
	Parent types.NamespacedName
	// DependsOn are the projects that must come first.
	DependsOn []types.NamespacedName
	// Deliverables are the Applications that it delivers.
	Deliverables []types.NamespacedName
	// Services that it must deliver.
	Services []unique.Handle[stagegate.Service]
	// Office that needs it, and Lead, the unit that leads it; empty if it names
	// none.
	Office, Lead v1alpha1.ObjectName
	// Stage of it; empty as long as it was not judged.
	Stage v1alpha1.ProjectStage
	// Overdue is whether its condition OnSchedule is False.
	Overdue bool
	// Undecodable: nobody knows whom it names.
	Undecodable bool
}

// ProjectOf returns what a Project says.
func ProjectOf(p *v1alpha1.Project) Project {
	said := Project{
		Key: client.ObjectKeyFromObject(p), Stage: p.Status.Stage, Undecodable: p.DecodingError != "",
		Overdue: meta.IsStatusConditionFalse(p.Status.Conditions, v1alpha1.ConditionOnSchedule),
		Office:  p.Spec.OfficeRef.Name,
	}
	if ref := p.Spec.ParentRef; ref != nil {
		said.Parent = ProjectKey(p.Namespace, ref)
	}
	if lead := p.Spec.Lead; lead != nil && lead.UnitRef != nil {
		said.Lead = lead.UnitRef.Name
	}
	for i := range p.Spec.DependsOn {
		said.DependsOn = append(said.DependsOn, ProjectKey(p.Namespace, &p.Spec.DependsOn[i]))
	}
	for i := range p.Spec.Deliverables {
		said.Deliverables = append(said.Deliverables, ApplicationKey(p.Namespace, &p.Spec.Deliverables[i]))
	}
	for i := range p.Spec.OnlineServices {
		s := &p.Spec.OnlineServices[i]
		said.Services = append(said.Services, unique.Make(stagegate.Service{OZGService: s.OZGService, Name: s.Name}))
	}
	return said
}

// sameLinks says whether two versions of a Project wait for the same projects,
// and are waited for by the same parent.
func (p *Project) sameLinks(as *Project) bool {
	return p.Parent == as.Parent && slices.Equal(p.DependsOn, as.DependsOn)
}

// Handover is what a Handover says that matters to projects.
type Handover struct {
	Key types.NamespacedName
	// Project that hands over.
	Project types.NamespacedName
	// Applications that are handed over.
	Applications []types.NamespacedName
	// Stage of it; empty as long as it was not judged.
	Stage v1alpha1.HandoverStage
	// Undecodable: nobody knows what it hands over.
	Undecodable bool
}

// HandoverOf returns what a Handover says.
func HandoverOf(h *v1alpha1.Handover) Handover {
	said := Handover{
		Key: client.ObjectKeyFromObject(h), Stage: h.Status.Stage, Undecodable: h.DecodingError != "",
		Project: ProjectKey(h.Namespace, &h.Spec.ProjectRef),
	}
	for i := range h.Spec.ApplicationRefs {
		said.Applications = append(said.Applications, ApplicationKey(h.Namespace, &h.Spec.ApplicationRefs[i]))
	}
	return said
}

func (h *Handover) same(as *Handover) bool {
	return h.Project == as.Project && h.Stage == as.Stage && slices.Equal(h.Applications, as.Applications)
}

// Application is what an Application says that matters to projects.
type Application struct {
	Key types.NamespacedName
	// Offers are the online services that it offers while it operates.
	Offers []Offer
	// Undecodable: nobody knows what it offers.
	Undecodable bool
}

// Offer is an online service that an Application offers.
type Offer struct {
	Service unique.Handle[stagegate.Service]
	// Maturity of it, 0 to 4; what says none has 0.
	Maturity int8
}

// maxMaturity is the highest that the OZG's model knows.
const maxMaturity = 4

// ApplicationOf returns what an Application says.
func ApplicationOf(a *v1alpha1.Application) Application {
	said := Application{Key: client.ObjectKeyFromObject(a), Undecodable: a.DecodingError != ""}
	switch a.Spec.Lifecycle {
	case v1alpha1.LifecycleOperating, v1alpha1.LifecyclePhasingOut:
	default:
		return said
	}
	for i := range a.Spec.OnlineServices {
		s := &a.Spec.OnlineServices[i]
		o := Offer{Service: unique.Make(stagegate.Service{OZGService: s.OZGService, Name: s.Name})}
		if s.Maturity != nil {
			o.Maturity = int8(min(max(*s.Maturity, 0), maxMaturity))
		}
		said.Offers = append(said.Offers, o)
	}
	return said
}

// ProjectKey is the Project that a reference of an object of a namespace names;
// empty if it names none.
func ProjectKey(namespace string, ref *v1alpha1.ProjectReference) types.NamespacedName {
	return keyOf(namespace, ref.Namespace, ref.Name)
}

// ApplicationKey is like ProjectKey, of an Application.
func ApplicationKey(namespace string, ref *v1alpha1.ApplicationReference) types.NamespacedName {
	return keyOf(namespace, ref.Namespace, ref.Name)
}

func keyOf(own string, namespace v1alpha1.NamespaceName, name v1alpha1.ObjectName) types.NamespacedName {
	switch {
	case name == "":
		return types.NamespacedName{}
	case namespace != "":
		own = string(namespace)
	}
	return types.NamespacedName{Namespace: own, Name: string(name)}
}
