// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"testing"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// Rights that requests on Applications need.
const (
	mayInventory    right = "applications/inventory"
	mayStateService right = "applications/stateservice"
	mayTransition   right = "applications/transition"
	mayOperateWeb   right = "organisationalunits/operate:" + unitWeb
)

// listedBasis is a legal basis of the catalogue's policy.
const listedBasis = "EGovGRP § 25 Abs. 4"

// door is a request on an Application, and what comes of it.
type door struct {
	name string
	// rights of the user, who is an ordinary editor.
	rights []right
	// was is the Application before; nil creates it.
	was *v1alpha1.Application
	now *v1alpha1.Application
	// want is the message of the refusal; empty accepts.
	want string
}

// run asks for it without having it done.
func (d door) run(t *testing.T) {
	t.Helper()
	ask, now := create, d.now
	if d.was != nil {
		was := stored(t, d.was.DeepCopy())
		ask, now = update, now.DeepCopy()
		now.ResourceVersion = was.ResourceVersion
	}
	err := editor(t, d.rights...).try(ask, now)
	if d.want == "" {
		mustAccept(t, err)
		return
	}
	mustRefuse(t, err, "applications", d.want)
}

func runDoors(t *testing.T, doors []door) {
	t.Helper()
	t.Parallel()
	for _, d := range doors {
		t.Run(d.name, func(t *testing.T) { d.run(t) })
	}
}

// TestCreateApplication shows for each claim and for the rule what a new
// Application may say.
func TestCreateApplication(t *testing.T) {
	stored(t, namespaceOf("unit-of-nobody", ""))
	index(t, map[string]string{"amt-33/exempt": far, "amt-33/expired": "2026-01-01T00:00:00+01:00"})
	schools := func(name string, edits ...edit) *v1alpha1.Application {
		return application(schoolsNamespace, name, append([]edit{answeredForBy("amt-40-edu")}, edits...)...)
	}
	runDoors(t, []door{
		{name: "planned with the KDZ", now: application(unitOffice, "a")},
		{name: "without a unit", now: application("unit-of-nobody", "a"), want: messageNoUnit("unit-of-nobody")},
		{name: "for another unit", now: application(unitOffice, "a", answeredForBy("amt-40-edu")), want: messageOtherUnit(unitOffice, unitOffice, "amt-40-edu")},
		{name: "by an office as KDZ", now: application(unitOffice, "a", operatedBy(unitOffice)), want: messageNotKDZ(unitOffice)},
		{name: "by nobody there is", now: application(unitOffice, "a", operatedBy("kdz-99")), want: messageNotKDZ("kdz-99")},

		{name: "operated by the KDZ, as it says", now: application(unitOffice, "a", in("Operating")), want: messageOperate(unitWeb, "unitRef")},
		{name: "retired from the KDZ, as it says", now: application(unitOffice, "a", in("Retired")), want: messageOperate(unitWeb, "unitRef")},
		{name: "operated by the KDZ", rights: []right{mayOperateWeb}, now: application(unitOffice, "a", in("Operating"))},
		{
			name: "operated by another unit of the KDZ", rights: []right{"organisationalunits/operate:kdz-16-03-03"},
			now: application(unitOffice, "a", in("Operating")), want: messageOperate(unitWeb, "unitRef"),
		},
		{
			name: "the right in a namespace is none", rights: []right{"organisationalunits/operate@" + unitOffice},
			now: application(unitOffice, "a", in("Operating")), want: messageOperate(unitWeb, "unitRef"),
		},
		{name: "of the KDZ itself", now: application("kdz-16", "a", operatedBy("kdz-16"), in("Operating")), want: messageOperate("kdz-16", "unitRef")},
		{name: "operated by the own unit", now: schools("a", decentral, operatedBy("amt-40-edu"), in("Operating"))},
		{
			name: "operated by another office", now: schools("a", decentral, operatedBy("amt-40"), in("Operating")),
			want: messageOperate("amt-40", "unitRef"),
		},
		{
			name: "supported by the KDZ, as it says", rights: []right{mayOperateWeb},
			now: application(unitOffice, "a", supportedBy("kdz-16-02-02"), in("Operating")), want: messageOperate("kdz-16-02-02", "supportUnitRef"),
		},
		{
			name: "supported by the KDZ", rights: []right{mayOperateWeb, "organisationalunits/operate:kdz-16-02-02"},
			now: application(unitOffice, "a", supportedBy("kdz-16-02-02"), in("PhasingOut")),
		},
		{
			name: "supported by the KDZ itself", rights: []right{mayOperateWeb},
			now: application("kdz-16", "a", supportedBy("kdz-16"), in("Operating")), want: messageOperate("kdz-16", "supportUnitRef"),
		},
		{name: "supported by the own unit", rights: []right{mayOperateWeb}, now: application(unitOffice, "a", supportedBy(unitOffice), in("Operating"))},

		{name: "on no legal basis", rights: []right{mayStateService}, now: application(unitOffice, "a", state("Because")), want: messageLegalBasis("Because")},
		{name: "by the state, as it says", now: application(unitOffice, "a", state(listedBasis)), want: messageStateService},
		{name: "by the state", rights: []right{mayStateService}, now: application(unitOffice, "a", state(listedBasis))},
		{name: "the right there is none here", rights: []right{"applications/stateservice@amt-10"}, now: application(unitOffice, "a", state(listedBasis)), want: messageStateService},
		{name: "the right here", rights: []right{"applications/stateservice@amt-33"}, now: application(unitOffice, "a", state(listedBasis))},

		{name: "left open", now: application(unitOffice, "a", undetermined), want: messageUndetermined},
		{name: "recorded as open", rights: []right{mayInventory}, now: application(unitOffice, "a", undetermined)},
		{name: "was always there", now: application(unitOffice, "a", existing), want: messageExisting},
		{name: "recorded as existing", rights: []right{mayInventory}, now: application(unitOffice, "a", existing)},

		{name: "plans for itself", now: application(unitOffice, "a", decentral, transition("p", "2027-06-30")), want: messageTransition},
		{name: "planned", rights: []right{mayTransition}, now: application(unitOffice, "a", decentral, transition("p", "2027-06-30"))},
		{name: "planned for too long", rights: []right{mayTransition}, now: application(unitOffice, "a", decentral, transition("p", "2099-01-01")), want: messageTransitionShort},
		{name: "planned until yesterday", rights: []right{mayTransition}, now: application(unitOffice, "a", decentral, transition("p", "2026-01-31")), want: messageDecentral},
		{name: "examines itself", now: application(unitOffice, "a", decentral, review("2027-06-30", "amt-10")), want: messageReview},
		{name: "examined", rights: []right{mayTransition}, now: application(unitOffice, "a", decentral, review("2099-06-30", "amt-10"))},
		{name: "examined until yesterday", rights: []right{mayTransition}, now: application(unitOffice, "a", decentral, review("2026-01-31", "amt-10")), want: messageDecentral},

		{name: "bought alone", now: application(unitOffice, "a", bought), want: messageProcured},
		{name: "bought alone, with a plan", rights: []right{mayTransition}, now: application(unitOffice, "a", decentral, bought, transition("p", "2027-06-30")), want: messageProcured},
		{name: "bought alone, as recorded", rights: []right{mayInventory}, now: application(unitOffice, "a", bought)},
		{name: "bought by the schools", now: schools("a", bought)},
		{name: "bought, and exempt", now: application(unitOffice, "exempt", bought)},
		{name: "decentral", now: application(unitOffice, "a", decentral), want: messageDecentral},
		{name: "decentral and retired", now: application(unitOffice, "a", decentral, in("Retired")), want: messageDecentral},
		{name: "decentral, as recorded", rights: []right{mayInventory}, now: application(unitOffice, "a", decentral)},
		{name: "decentral in schools", now: schools("a", decentral)},
		{name: "decentral in the control centre", now: application("amt-37-ils", "a", decentral)},
		{name: "decentral in the fire brigade", now: application("amt-37", "a", decentral), want: messageDecentral},
		{name: "decentral under review", now: application("wb", "a", decentral)},
		{name: "decentral out of scope", now: application("stadtwerke", "a", decentral)},
		{name: "decentral of a hosting customer", now: application("extern", "a", decentral)},
		{name: "decentral and exempt", now: application(unitOffice, "exempt", decentral)},
		{name: "exempt elsewhere", now: application("amt-10", "exempt", decentral), want: messageDecentral},
		{name: "exempt once", now: application(unitOffice, "expired", decentral), want: messageDecentral},
	})
}

// TestChangeApplication shows that what is there stays editable, as long as it
// gets no more decentral and claims no more.
func TestChangeApplication(t *testing.T) {
	planned := application(unitOffice, "of-the-kdz")
	operating := changed(planned, in("Operating"))
	open := application(unitOffice, "open", undetermined)
	office := application(unitOffice, "of-the-office", decentral, in("Operating"))
	leaving := changed(office, in("PhasingOut"))
	purchase := application(unitOffice, "purchase", bought)
	inventory := application(unitOffice, "found", existing)
	plan := application(unitOffice, "with-a-plan", decentral, transition("p", "2027-06-30"))
	examined := application(unitOffice, "examined", decentral, review("2027-06-30", "amt-10", "kdz-16"))
	ofState := application(unitOffice, "of-the-state", state(listedBasis))
	inOtherNamespace := func(app *v1alpha1.Application) { app.Spec.Operation.Transition.ProjectRef.Namespace = "amt-10" }
	change := func(name string, was *v1alpha1.Application, want string, edits ...edit) door {
		return door{name: name, was: was, now: changed(was, edits...), want: want}
	}
	may := func(d door, rights ...right) door {
		d.name, d.rights = d.name+", with the right", rights
		return d
	}
	runDoors(t, []door{
		change("described", planned, "", described("x")),
		change("put into operation", planned, messageOperate(unitWeb, "unitRef"), in("Operating")),
		may(change("put into operation", planned, "", in("Operating")), mayOperateWeb),
		change("described in operation", operating, "", described("x")),
		change("moved to another unit", operating, messageOperate("kdz-16-03-03", "unitRef"), operatedBy("kdz-16-03-03")),
		change("moved to an office", operating, messageNotKDZ("amt-10"), operatedBy("amt-10")),
		change("retired", operating, "", in("Retired")),
		change("given support", operating, messageOperate("kdz-16-02-02", "supportUnitRef"), supportedBy("kdz-16-02-02")),
		may(change("given support", operating, "", supportedBy("kdz-16-02-02")), "organisationalunits/operate:kdz-16-02-02"),
		change("given to another unit", operating, messageOtherUnit(unitOffice, unitOffice, "amt-40-edu"), answeredForBy("amt-40-edu")),

		change("taken from the KDZ", planned, messageDecentral, decentral),
		may(change("taken from the KDZ", planned, "", decentral), mayInventory),
		change("left open again", planned, messageUndetermined, undetermined),
		change("made the state's", planned, messageStateService, state(listedBasis)),
		may(change("made the state's", planned, "", state(listedBasis)), mayStateService),
		change("bought after all", planned, messageProcured, bought),
		change("open, described", open, "", described("x")),
		change("open, into operation", open, "", in("Operating")),
		change("open, found to be decentral", open, messageDecentral, decentral),
		change("existing, described", inventory, "", described("x")),

		change("decentral, described", office, "", described("x")),
		change("decentral, phased out", office, "", in("PhasingOut")),
		change("decentral, retired", office, "", in("Retired")),
		change("decentral, given to the KDZ", changed(office, in("Planned")), "", func(app *v1alpha1.Application) { app.Spec.Operation = planned.Spec.Operation }),
		change("decentral, revived", leaving, messageDecentral, in("Operating")),
		change("decentral, back to planned", office, "", in("Planned")),
		change("decentral, into operation", changed(office, in("Planned")), messageDecentral, in("Operating")),
		change("decentral, out of retirement", changed(office, in("Retired")), messageDecentral, in("PhasingOut")),
		may(change("decentral, revived", leaving, "", in("Operating")), mayInventory),
		change("decentral, and bought", office, messageProcured, bought),
		change("bought, described", purchase, "", described("x")),
		may(change("bought, into operation", purchase, messageProcured, in("Operating")), mayOperateWeb),
		change("bought, then through the KDZ", purchase, "", func(app *v1alpha1.Application) { app.Spec.Operation.ProcuredThrough = v1alpha1.ProcuredThroughKDZ }),

		change("plan described", plan, "", described("x")),
		change("plan in time, into operation", plan, "", in("Operating")),
		change("plan shortened", plan, "", transition("p", "2027-01-31")),
		change("plan extended", plan, messageTransition, transition("p", "2027-07-01")),
		change("plan of another project", plan, messageTransition, transition("q", "2027-06-30")),
		change("plan of a namesake", plan, messageTransition, inOtherNamespace),
		change("plan dropped", plan, "", func(app *v1alpha1.Application) { app.Spec.Operation.Transition = nil }),
		may(change("plan extended", plan, "", transition("p", "2027-07-01")), mayTransition),
		may(change("plan extended too far", plan, messageTransitionShort, transition("p", "2099-07-01")), mayTransition),
		change("review shortened", examined, "", review("2027-01-31", "kdz-16", "amt-10")),
		change("review extended", examined, messageReview, review("2027-07-01", "amt-10", "kdz-16")),
		change("review by others", examined, messageReview, review("2027-06-30", "amt-33")),
		may(change("review extended", examined, "", review("2099-07-01", "amt-10", "kdz-16")), mayTransition),
		change("state service described", ofState, "", described("x")),
		change("state service on no basis", ofState, messageLegalBasis("Because"), state("Because")),
		change("state service on another basis", ofState, messageStateService, state("E-Government-Bericht 2021, Anlage 6.1 (erschlossen)")),
	})
}

// TestNamespaceChangesHands shows that what is there stays editable when its
// namespace goes to another unit, but not when it belongs to none.
func TestNamespaceChangesHands(t *testing.T) {
	t.Parallel()
	ns := stored(t, namespaceOf("changes-hands", unitOffice))
	app := stored(t, application(ns.Name, "a", answeredForBy(unitOffice)))
	ns.Labels[v1alpha1.LabelUnit] = "amt-10"
	if err := admin(t).Update(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	eventually(t, "admission sees the label", func() error {
		return editor(t).try(create, application(ns.Name, "b", answeredForBy("amt-10")))
	})
	mustAccept(t, editor(t).try(update, changed(app, described("x"))))
	mustAccept(t, editor(t).try(update, changed(app, answeredForBy("amt-10"))))
	mustRefuse(t, editor(t).try(update, changed(app, answeredForBy("amt-12"))), "applications", messageOtherUnit(ns.Name, "amt-10", "amt-12"))

	delete(ns.Labels, v1alpha1.LabelUnit)
	if err := admin(t).Update(t.Context(), ns); err != nil {
		t.Fatal(err)
	}
	eventually(t, "admission sees no label", func() error {
		return refused(editor(t).try(update, changed(app, described("x"))), "applications", messageNoUnit(ns.Name))
	})
}

// TestGeneratedName shows that an exemption counts for the name that the server
// makes, not for the beginning of one.
func TestGeneratedName(t *testing.T) {
	t.Parallel()
	index(t, map[string]string{"amt-33/generated-": far, "amt-33/": far})
	app := application(unitOffice, "generated-", decentral)
	app.Name, app.GenerateName = "", app.Name
	mustRefuse(t, editor(t).try(create, app), "applications", messageDecentral)
}
