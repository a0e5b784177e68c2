// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/utils/clock"
)

// exitWithParent is the variable by which hack/controlplane is told whom not
// to outlive; its package parent describes it.
const exitWithParent = "KDZ_EXIT_WITH_PARENT"

// stopGrace is how long each program has to end by itself. The API server
// would wait longer for watches that nobody closes; it has nothing to lose.
const stopGrace = 5 * time.Second

// ControlPlane is a control plane that runs. Its methods may be called from
// several goroutines.
type ControlPlane struct {
	// Config is that of the administrator (system:masters), without a limit of
	// requests per second. Copy it before changing it.
	Config *rest.Config

	options   Options
	work      *workdir
	leash     *leash
	authority *authority
	logs      string

	// components are in the order of their start; they change in Start only.
	components []*component
	watchers   sync.WaitGroup

	done     chan struct{}
	doneOnce sync.Once
	err      error

	stopOnce sync.Once
	stopErr  error
}

// Start starts a control plane and returns when it is ready to be worked with.
// ctx counts for the start only; end it with Stop. If the start fails, nothing
// is left running and the error has the end of the log of what failed.
func Start(ctx context.Context, o Options) (*ControlPlane, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	if o.Assets == "" {
		if o.Assets, err = Assets(ctx, o.Progress); err != nil {
			return nil, err
		}
	}
	if o.Assets, err = filepath.Abs(o.Assets); err != nil {
		return nil, err
	}
	if err := checkAssets(o.Assets, o.ControllerManager == ControllerManagerRequired); err != nil {
		return nil, err
	}
	cp := &ControlPlane{options: o, done: make(chan struct{})}
	if err := cp.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start the control plane: %w", err), cp.Stop())
	}
	cp.watch()
	return cp, nil
}

func (cp *ControlPlane) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, cp.options.StartTimeout,
		fmt.Errorf("not ready after %s", cp.options.StartTimeout))
	defer cancel()
	if err := cp.prepare(); err != nil {
		return err
	}
	if err := cp.startEtcd(ctx); err != nil {
		return err
	}
	if err := cp.startAPIServer(ctx); err != nil {
		return err
	}
	if !cp.hasControllerManager() {
		return nil
	}
	return cp.startControllerManager(ctx)
}

// prepare makes all that the programs need.
func (cp *ControlPlane) prepare() (err error) {
	if cp.work, err = openWorkdir(cp.options.Dir); err != nil {
		return err
	}
	if cp.leash, err = newLeash(cp.work.leashed()); err != nil {
		return err
	}
	if err := cp.work.removeSockets(); err != nil {
		return err
	}
	if cp.authority, err = newAuthority(clock.RealClock{}.Now); err != nil {
		return err
	}
	if err := cp.work.writePKI(cp.authority); err != nil {
		return err
	}
	cp.logs = cp.options.LogDir
	if cp.logs == "" {
		cp.logs = filepath.Join(cp.work.path, "logs")
	}
	if cp.logs, err = filepath.Abs(cp.logs); err != nil {
		return err
	}
	return os.MkdirAll(cp.logs, 0o700)
}

// startEtcd starts etcd and waits until it listens: the API server would try
// again by itself, but with pauses, and fill its log with each attempt.
func (cp *ControlPlane) startEtcd(ctx context.Context) error {
	if err := cp.run(etcd, cp.options.etcdArgs()); err != nil {
		return err
	}
	return cp.await(ctx, etcd, func(context.Context) error {
		_, err := os.Stat(filepath.Join(cp.work.path, etcdSocket))
		return err
	})
}

// startAPIServer starts kube-apiserver and waits until it is ready. If
// somebody else takes a free port first, it tries another one.
func (cp *ControlPlane) startAPIServer(ctx context.Context) error {
	var err error
	for range portAttempts {
		var port int
		if port, err = choosePort(cp.options.Port); err != nil {
			return err
		}
		if err = cp.tryAPIServer(ctx, port); err == nil {
			return nil
		}
		if cp.options.Port != 0 || !cp.portTaken() {
			return err
		}
		cp.forget(apiServer)
	}
	return err
}

func (cp *ControlPlane) tryAPIServer(ctx context.Context, port int) error {
	cp.Config = &rest.Config{Host: fmt.Sprintf("https://127.0.0.1:%d", port), QPS: -1}
	cp.Config.CAData = cp.authority.pem
	admin, err := cp.AddUser("kdz:admin", "system:masters")
	if err != nil {
		return err
	}
	cp.Config = admin
	if err := clientcmd.WriteToFile(kubeconfig(admin), cp.Kubeconfig()); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(admin)
	if err != nil {
		return err
	}
	if err := cp.run(apiServer, cp.options.apiServerArgs(port, cp.hasControllerManager())); err != nil {
		return err
	}
	return cp.await(ctx, apiServer, func(ctx context.Context) error {
		return client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// startControllerManager starts kube-controller-manager and waits until a sign
// of its work is seen.
func (cp *ControlPlane) startControllerManager(ctx context.Context) error {
	user, err := cp.AddUser("system:kube-controller-manager")
	if err != nil {
		return err
	}
	if err := clientcmd.WriteToFile(kubeconfig(user), filepath.Join(cp.work.path, controllerManagerKubeconfig)); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cp.Config)
	if err != nil {
		return err
	}
	if err := cp.run(controllerManager, cp.options.controllerManagerArgs()); err != nil {
		return err
	}
	return cp.await(ctx, controllerManager, func(ctx context.Context) error {
		_, err := client.CoreV1().ServiceAccounts(metav1.NamespaceDefault).Get(ctx, "default", metav1.GetOptions{})
		return err
	})
}

// hasControllerManager is whether kube-controller-manager runs, or will.
func (cp *ControlPlane) hasControllerManager() bool {
	if cp.options.ControllerManager == ControllerManagerOff {
		return false
	}
	return isProgram(filepath.Join(cp.options.Assets, controllerManager))
}

// HasControllerManager is whether kube-controller-manager runs: whether
// namespaces really go, garbage is collected and policies are type-checked.
func (cp *ControlPlane) HasControllerManager() bool { return cp.hasControllerManager() }

// Kubeconfig is the path of the administrator's kubeconfig file. It is gone
// after Stop unless Options.Dir was set.
func (cp *ControlPlane) Kubeconfig() string { return filepath.Join(cp.work.path, adminKubeconfig) }

// KubectlPath is the path of kubectl.
func (cp *ControlPlane) KubectlPath() string { return filepath.Join(cp.options.Assets, kubectl) }

// Kubectl is a kubectl, not started yet, that talks to this control plane as
// the administrator.
func (cp *ControlPlane) Kubectl(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, cp.KubectlPath(), args...)
	// What it remembers of this API server must not be taken for what the next
	// one on the same port has.
	cmd.Env = append(os.Environ(), "KUBECONFIG="+cp.Kubeconfig(), "KUBECACHEDIR="+filepath.Join(cp.work.path, kubectlCache))
	return cmd
}

// Logs is the path of the log of a program: etcd, kube-apiserver or
// kube-controller-manager.
func (cp *ControlPlane) Logs(program string) string { return filepath.Join(cp.logs, program+".log") }

// ProcessID is the process id of a program: etcd, kube-apiserver or
// kube-controller-manager; 0 if it does not run.
func (cp *ControlPlane) ProcessID(program string) int {
	for _, c := range cp.components {
		if c.name == program {
			return c.cmd.Process.Pid
		}
	}
	return 0
}

// Done is closed as soon as the control plane is no longer whole: because a
// program of it ended by itself, which Err then tells, or because of Stop.
func (cp *ControlPlane) Done() <-chan struct{} { return cp.done }

// Err is why the control plane is no longer whole; nil while it is, and after
// a Stop that found it whole.
func (cp *ControlPlane) Err() error {
	select {
	case <-cp.done:
		return cp.err
	default:
		return nil
	}
}

// Stop ends all programs in order, removes temporary data and returns what
// went wrong, a program that had ended by itself included. It may be called
// several times.
func (cp *ControlPlane) Stop() error {
	cp.stopOnce.Do(func() { cp.stopErr = cp.stop() })
	return cp.stopErr
}

func (cp *ControlPlane) stop() error {
	cp.finish(nil) // from here on no end of a program is a failure
	errs := []error{cp.err}
	for _, c := range slices.Backward(cp.components) {
		errs = append(errs, c.stop(stopGrace))
	}
	if cp.leash != nil {
		errs = append(errs, cp.leash.release())
	}
	cp.watchers.Wait()
	if cp.work != nil {
		errs = append(errs, cp.work.close())
	}
	return errors.Join(errs...)
}

// finish closes done with the reason, and only the first time it is called.
func (cp *ControlPlane) finish(err error) {
	cp.doneOnce.Do(func() {
		cp.err = err
		close(cp.done)
	})
}
