// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/utils/clock"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"kdz.mainz.de/operator/hack/demo/catalogue"
)

const (
	// tokenLifetime is how long a token of the operator is valid.
	tokenLifetime = 24 * time.Hour
	// tokenRenewal is how often it gets a new one.
	tokenRenewal = tokenLifetime / 2
)

// accountKinds are the kinds of what an installation holds beside the program.
var accountKinds = []string{"Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"}

// Install installs the operator's ServiceAccount and its rights, exactly as
// config/default of the checkout root does, and returns the account's name.
// kubectl is the path of the program that renders it.
func Install(ctx context.Context, to client.Client, kubectl, root string) (types.NamespacedName, error) {
	var account types.NamespacedName
	folder := filepath.Join(root, "config", "default")
	cmd := exec.CommandContext(ctx, kubectl, "kustomize", folder)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return account, fmt.Errorf("render %s: %w\n%s", folder, err, stderr.Bytes())
	}
	objects, err := catalogue.Parse(out, folder)
	if err != nil {
		return account, err
	}
	for _, o := range objects {
		if !slices.Contains(accountKinds, o.GetKind()) {
			continue
		}
		if err := catalogue.ApplyObject(ctx, to, o); err != nil {
			return account, fmt.Errorf("%s: %w", o, err)
		}
		if o.GetKind() == "ServiceAccount" {
			if account.Name != "" {
				return account, fmt.Errorf("%s has two ServiceAccounts, %s and %s: which is the operator's?", folder, account, client.ObjectKeyFromObject(o))
			}
			account = client.ObjectKeyFromObject(o)
		}
	}
	if account.Name == "" {
		return account, fmt.Errorf("%s has no ServiceAccount", folder)
	}
	return account, nil
}

// Credentials let a process act as a ServiceAccount for as long as somebody
// renews them.
type Credentials struct {
	// Kubeconfig is the path of the file that the process is given.
	Kubeconfig string

	account   types.NamespacedName
	client    kubernetes.Interface
	tokenFile string
}

// NewCredentials writes a kubeconfig and a token into a folder. c is the
// administrator's, who asks for the token.
func NewCredentials(ctx context.Context, c *rest.Config, account types.NamespacedName, dir string) (*Credentials, error) {
	k, err := kubernetes.NewForConfig(c)
	if err != nil {
		return nil, err
	}
	credentials := &Credentials{
		Kubeconfig: filepath.Join(dir, "operator.kubeconfig"),
		account:    account, client: k,
		tokenFile: filepath.Join(dir, "operator.token"),
	}
	if err := credentials.renew(ctx); err != nil {
		return nil, err
	}
	const name = "operator"
	return credentials, clientcmd.WriteToFile(api.Config{
		Clusters:       map[string]*api.Cluster{name: {Server: c.Host, CertificateAuthorityData: c.CAData}},
		AuthInfos:      map[string]*api.AuthInfo{name: {TokenFile: credentials.tokenFile}},
		Contexts:       map[string]*api.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}, credentials.Kubeconfig)
}

// Keep renews the token until ctx ends. The process reads it anew by itself.
func (c *Credentials) Keep(ctx context.Context, clock clock.WithTicker) error {
	tick := clock.NewTicker(tokenRenewal)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C():
			if err := c.renew(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
	}
}

func (c *Credentials) renew(ctx context.Context) error {
	token, err := c.client.CoreV1().ServiceAccounts(c.account.Namespace).CreateToken(ctx, c.account.Name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: ptr.To(int64(tokenLifetime / time.Second))},
	}, metav1.CreateOptions{})
	if err != nil {
		return fmt.Errorf("a token for ServiceAccount %s: %w", c.account, err)
	}
	// A reader never sees half a token.
	unfinished := c.tokenFile + ".new"
	if err := os.WriteFile(unfinished, []byte(token.Status.Token), 0o600); err != nil {
		return err
	}
	return os.Rename(unfinished, c.tokenFile)
}
