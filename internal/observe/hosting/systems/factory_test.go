// SPDX-License-Identifier: Apache-2.0

package systems

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"kdz.mainz.de/operator/api/v1alpha1"
	"kdz.mainz.de/operator/internal/observe/cluster"
	"kdz.mainz.de/operator/internal/observe/endpoint"
	"kdz.mainz.de/operator/internal/observe/hosting"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const timeout = 5 * time.Second

// nothing is a cluster without workloads.
type nothing struct{}

func (nothing) Objects(cluster.Query) ([]*cluster.Object, *cluster.Problem) { return nil, nil }

// newFactory returns a Factory that may connect to the loopback interface.
func newFactory() *Factory {
	egress := endpoint.NewEgress([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil)
	return NewFactory(Options{Endpoints: endpoint.NewFactory(endpoint.Options{Egress: egress}), Watcher: nothing{}})
}

// noSecret has no Secret.
func noSecret(string) (*corev1.Secret, error) { return nil, nil }

// told is what a check says of itself.
type told struct {
	name, field string
	// queries is how many there are.
	queries int
	// wrong is what Err says, with the field below the check's; empty if it can
	// be asked.
	wrong string
}

func tellOf(t *testing.T, checks []hosting.Check) []told {
	t.Helper()
	var all []told
	for _, c := range checks {
		one := told{name: c.Name, field: c.Field, queries: len(c.Queries)}
		if c.Err != nil {
			one.wrong = c.Err.Error()
		}
		if (c.Probe == nil) != (c.Err != nil) {
			t.Errorf("%s: probe %v, error %v: want one of them", c.Name, c.Probe, c.Err)
		}
		all = append(all, one)
	}
	return all
}

func hostsOf(urls ...string) []v1alpha1.MetricsHost {
	var all []v1alpha1.MetricsHost
	for i, url := range urls {
		all = append(all, v1alpha1.MetricsHost{Name: "web0" + string(rune('1'+i)), MetricsURL: v1alpha1.HTTPURL(url)})
	}
	return all
}

// TestChecks: each system has a name and says where it is declared; what cannot
// be asked says at its field why, and keeps its place.
func TestChecks(t *testing.T) {
	login := &v1alpha1.SecretReference{Name: "sapcontrol"}
	tests := map[string]struct {
		hosting v1alpha1.Hosting
		want    []told
	}{
		"no member of its platform": {v1alpha1.Hosting{Platform: v1alpha1.PlatformLinux}, nil},
		"SAP": {
			v1alpha1.Hosting{SAP: &v1alpha1.SAPHosting{SystemID: "P01", Instances: []v1alpha1.SAPInstance{
				{Host: "sapapp1", Number: "00"}, {Host: "sapapp2", Number: "1"}, {Host: "sapapp3", Number: "02", URL: "https://u:p@sapapp3/"},
			}}},
			[]told{
				{name: "P01/00 on sapapp1", field: "spec.hosting.sap.instances[0]"},
				{name: "P01/1 on sapapp2", field: "spec.hosting.sap.instances[1]", wrong: "number: must be a number of two digits, 00 to 97"},
				{name: "P01/02 on sapapp3", field: "spec.hosting.sap.instances[2]", wrong: "url: must not hold a user or password"},
			},
		},
		"SAP without its Secret": {
			v1alpha1.Hosting{SAP: &v1alpha1.SAPHosting{
				SystemID: "P01", CredentialsSecretRef: login, Instances: []v1alpha1.SAPInstance{{Host: "sapapp1", Number: "00"}},
			}},
			[]told{{name: "P01/00 on sapapp1", field: "spec.hosting.sap.instances[0]", wrong: `Secret "sapcontrol" does not exist`}},
		},
		"Linux": {
			v1alpha1.Hosting{Linux: &v1alpha1.LinuxHosting{Hosts: hostsOf("http://127.0.0.1:9100/metrics", "ftp://127.0.0.1/")}},
			[]told{
				{name: "web01", field: "spec.hosting.linux.hosts[0]"},
				{name: "web02", field: "spec.hosting.linux.hosts[1]", wrong: "metricsURL: "},
			},
		},
		"Windows": {
			v1alpha1.Hosting{Windows: &v1alpha1.WindowsHosting{Hosts: hostsOf("http://127.0.0.1:9182/metrics", "http:///metrics")}},
			[]told{
				{name: "web01", field: "spec.hosting.windows.hosts[0]"},
				{name: "web02", field: "spec.hosting.windows.hosts[1]", wrong: "metricsURL: "},
			},
		},
		"Kubernetes by name": {
			v1alpha1.Hosting{Kubernetes: &v1alpha1.KubernetesHosting{Workloads: []v1alpha1.WorkloadReference{
				{APIVersion: "apps/v1", Kind: "Deployment", Name: "web"}, {APIVersion: "v1", Kind: "Secret", Name: "web"},
			}}},
			[]told{
				{name: "Deployment/web", field: "spec.hosting.kubernetes", queries: 1},
				{name: "unusable", field: "spec.hosting", wrong: "kubernetes: workloads[1]: kind Secret is no workload"},
			},
		},
		"Kubernetes by selector": {
			v1alpha1.Hosting{Kubernetes: &v1alpha1.KubernetesHosting{Selector: &metav1.LabelSelector{}}},
			[]told{{name: "workloads", field: "spec.hosting.kubernetes", queries: 3}},
		},
		"SaaS without a status page": {v1alpha1.Hosting{SaaS: &v1alpha1.SaaSHosting{Supplier: "Example GmbH"}}, nil},
		"SaaS": {
			v1alpha1.Hosting{SaaS: &v1alpha1.SaaSHosting{Supplier: "Example GmbH", StatusURL: "https://status.example.org/"}},
			[]told{{name: "Example GmbH", field: "spec.hosting.saas"}},
		},
		"SaaS that cannot be asked": {
			v1alpha1.Hosting{SaaS: &v1alpha1.SaaSHosting{Supplier: "Example GmbH", StatusURL: "https://status.example.org:0/"}},
			[]told{{name: "Example GmbH", field: "spec.hosting.saas", wrong: "statusURL: "}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := tellOf(t, newFactory().Checks("amt-10", &test.hosting, timeout, noSecret))
			for i := range min(len(got), len(test.want)) {
				// The parser's own words are its own affair.
				if w := test.want[i].wrong; w != "" && strings.HasPrefix(got[i].wrong, w) {
					got[i].wrong = w
				}
			}
			if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(told{})); diff != "" {
				t.Errorf("checks (-want +got):\n%s", diff)
			}
		})
	}
}

// TestErrorsAreOfTheirKind: whoever tells of them looks at the type.
func TestErrorsAreOfTheirKind(t *testing.T) {
	f := newFactory()
	for name, h := range map[string]*v1alpha1.Hosting{
		"Linux":      {Linux: &v1alpha1.LinuxHosting{Hosts: hostsOf("ftp://127.0.0.1/")}},
		"Windows":    {Windows: &v1alpha1.WindowsHosting{Hosts: hostsOf("ftp://127.0.0.1/")}},
		"Kubernetes": {Kubernetes: &v1alpha1.KubernetesHosting{Workloads: []v1alpha1.WorkloadReference{{APIVersion: "a/b/c"}}}},
		"SaaS":       {SaaS: &v1alpha1.SaaSHosting{Supplier: "Example GmbH", StatusURL: "ftp://status.example.org/"}},
		"SAP":        {SAP: &v1alpha1.SAPHosting{Instances: []v1alpha1.SAPInstance{{Host: "sapapp1"}}}},
		"SAP, TLS": {SAP: &v1alpha1.SAPHosting{
			TLS:       &v1alpha1.TLSCheck{CASecretRef: &v1alpha1.SecretReference{Name: "ca"}},
			Instances: []v1alpha1.SAPInstance{{Host: "sapapp1", Number: "00"}},
		}},
	} {
		checks := f.Checks("amt-10", h, timeout, noSecret)
		if len(checks) != 1 {
			t.Fatalf("%s: %+v", name, checks)
		}
		_, spec := errors.AsType[*endpoint.SpecError](checks[0].Err)
		_, secret := errors.AsType[*endpoint.SecretError](checks[0].Err)
		if !spec && !secret {
			t.Errorf("%s: %+v", name, checks[0].Err)
		}
	}
}

func TestSecretNames(t *testing.T) {
	login, ca := &v1alpha1.SecretReference{Name: "login"}, &v1alpha1.SecretReference{Name: "ca"}
	for name, test := range map[string]struct {
		hosting *v1alpha1.Hosting
		want    []string
	}{
		"none":  {nil, nil},
		"Linux": {&v1alpha1.Hosting{Linux: &v1alpha1.LinuxHosting{}}, nil},
		"SAP":   {&v1alpha1.Hosting{SAP: &v1alpha1.SAPHosting{CredentialsSecretRef: login, TLS: &v1alpha1.TLSCheck{CASecretRef: ca, ClientCertificateSecretRef: ca}}}, []string{"login", "ca"}},
	} {
		if diff := cmp.Diff(test.want, SecretNames(test.hosting)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
