// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/api/v1alpha1"
)

// stalled says what is missing until an object is Stalled for a reason, with
// words that name it.
func stalled(reason string, words ...string) func(*v1alpha1.Application) string {
	return func(a *v1alpha1.Application) string {
		c := meta.FindStatusCondition(a.Status.Conditions, v1alpha1.ConditionStalled)
		if c == nil || c.Status != metav1.ConditionTrue || c.Reason != reason {
			return fmt.Sprintf("Stalled is %+v, want reason %s", c, reason)
		}
		for _, word := range words {
			if !strings.Contains(c.Message, word) {
				return fmt.Sprintf("Stalled says %q, want %q in it", c.Message, word)
			}
		}
		return ""
	}
}

// Where checks may not connect nobody does, whichever way an endpoint tries to
// lead there, and its author is told.
func testEgress(t *testing.T, p *plane) {
	const namespace = "egress"
	p.newNamespace(namespace, "kdz-16")
	apps := p.lookAtApplications(namespace)

	// The operator of this test may connect to 127.0.0.1, but not to this.
	var reached atomic.Int32
	_, port, err := net.SplitHostPort(freeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	inside := "127.0.0.2:" + port
	startTCP(t, inside, func(net.Conn) { reached.Add(1) })
	outside := startHTTP(t, freeAddress(t), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "http://"+inside+"/", http.StatusFound)
		}
	}))
	good := "http://" + outside.address + "/"
	for name, url := range map[string]string{
		"literal":    "http://" + inside + "/",
		"mapped":     "http://[::ffff:127.0.0.2]:" + port + "/",
		"translated": "tcp://[64:ff9b::127.0.0.2]:" + port,
		"redirected": good + "away",
		"metadata":   "http://169.254.169.254/latest/meta-data/",
		"resolver":   "dns://www.mainz.test",
	} {
		e := v1alpha1.Endpoint{Name: "web", URL: url, Interval: "5s", FailureThreshold: 1}
		switch name {
		case "redirected":
			e.HTTP = &v1alpha1.HTTPCheck{FollowRedirects: true}
		case "resolver":
			e.DNS = &v1alpha1.DNSCheck{Server: inside}
		}
		p.create(newApplication(namespace, name, "kdz-16", e))
	}
	for name, words := range map[string][]string{
		"literal": {"spec.endpoints[0].url", "127.0.0.2 is a loopback address", "-egress-allow"}, "mapped": {"127.0.0.2 is a loopback address"},
		"translated": {"stands for 127.0.0.2"}, "redirected": {"127.0.0.2"}, "metadata": {"metadata service"}, "resolver": {"dns.server"},
	} {
		apps.await(0, settleWithin, name, "refused", stalled(v1alpha1.ReasonEgressRefused, words...))
		apps.await(0, settleWithin, name, "Unknown", is(v1alpha1.StateUnknown))
		apps.await(0, settleWithin, name, "Unknown there", endpointIs("web", v1alpha1.ComponentUnknown, v1alpha1.ReasonEgressRefused))
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("%d connections were made to where none may be", n)
	}
	mark := apps.mark()
	for _, name := range []string{"literal", "redirected"} {
		change := fmt.Sprintf(`[{"op":"replace","path":"/spec/endpoints/0/url","value":%q}]`, good)
		app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		if err := p.admin.Patch(t.Context(), app, client.RawPatch("application/json-patch+json", []byte(change))); err != nil {
			t.Fatal(err)
		}
		apps.await(mark, settleWithin, name, "healed", heals[*v1alpha1.Application])
		apps.await(mark, settleWithin, name, "operational", is(v1alpha1.StateOperational))
	}
}
