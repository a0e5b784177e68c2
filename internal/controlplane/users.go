// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/ptr"
)

// tokenSeconds is how long a token of ServiceAccountConfig is valid.
const tokenSeconds = 24 * 60 * 60

// AddUser makes a user, by a client certificate, that is member of groups and
// may do what RBAC grants to it. There is no way to take a user back.
func (cp *ControlPlane) AddUser(name string, groups ...string) (*rest.Config, error) {
	if name == "" {
		return nil, fmt.Errorf("a user needs a name")
	}
	pair, err := cp.authority.client(name, groups...)
	if err != nil {
		return nil, err
	}
	c := rest.AnonymousClientConfig(cp.Config)
	c.QPS = cp.Config.QPS
	c.CertData, c.KeyData = pair.cert, pair.key
	return c, nil
}

// ServiceAccountConfig acts as a ServiceAccount, which must exist, by a token
// that is valid for a day.
func (cp *ControlPlane) ServiceAccountConfig(ctx context.Context, namespace, name string) (*rest.Config, error) {
	client, err := kubernetes.NewForConfig(cp.Config)
	if err != nil {
		return nil, err
	}
	token, err := client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To[int64](tokenSeconds)},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("a token for ServiceAccount %s/%s: %w", namespace, name, err)
	}
	c := rest.AnonymousClientConfig(cp.Config)
	c.QPS = cp.Config.QPS
	c.BearerToken = token.Status.Token
	return c, nil
}

// WriteKubeconfig writes a kubeconfig file, readable for its owner only, for
// what needs a file: a user of AddUser, say, that another process is to act as.
func WriteKubeconfig(c *rest.Config, file string) error {
	return clientcmd.WriteToFile(kubeconfig(c), file)
}

// kubeconfig is c as a kubeconfig.
func kubeconfig(c *rest.Config) api.Config {
	const name = "kdz"
	return api.Config{
		Clusters: map[string]*api.Cluster{name: {
			Server:                   c.Host,
			CertificateAuthorityData: c.CAData,
		}},
		AuthInfos: map[string]*api.AuthInfo{name: {
			ClientCertificateData: c.CertData,
			ClientKeyData:         c.KeyData,
			Token:                 c.BearerToken,
		}},
		Contexts:       map[string]*api.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}
}
