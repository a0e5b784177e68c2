// SPDX-License-Identifier: Apache-2.0

package controlplane

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// The files in the folder of a control plane, relative to it: the programs run
// there, so a path may be longer than what a socket's name has room for.
const (
	etcdSocket                  = "etcd.sock"
	etcdPeerSocket              = "etcd-peer.sock"
	pkiDir                      = "pki"
	caCert                      = "pki/ca.crt"
	servingCert                 = "pki/apiserver.crt"
	servingKey                  = "pki/apiserver.key"
	serviceAccountPub           = "pki/sa.pub"
	serviceAccountKey           = "pki/sa.key"
	adminKubeconfig             = "kubeconfig"
	controllerManagerKubeconfig = "controller-manager.kubeconfig"
	kubectlCache                = "kubectl-cache"
	lockFile                    = "lock"
	tempPattern                 = "kdz-controlplane-"
)

// workdir is the folder in which a control plane lives, locked.
type workdir struct {
	path string
	// temp is whether the folder goes at the end.
	temp bool
	lock *fileLock
}

// openWorkdir takes the folder dir or, if that is "", a new temporary one.
func openWorkdir(dir string) (*workdir, error) {
	if dir == "" {
		return tempWorkdir(os.TempDir())
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	lock, err := tryLock(filepath.Join(path, lockFile))
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("%s is in use by %s", path, lockHolder(filepath.Join(path, lockFile)))
	}
	if err != nil {
		return nil, err
	}
	return &workdir{path: path, lock: lock}, nil
}

// tempWorkdir makes a folder in base, after it removed those there that
// belonged to a process that is no more.
func tempWorkdir(base string) (*workdir, error) {
	sweep(base)
	path, err := os.MkdirTemp(base, tempPattern)
	if err != nil {
		return nil, err
	}
	// The lock gets its name only when it is held: a lock file that can be
	// locked means that its owner is gone, at any moment.
	unnamed := filepath.Join(path, lockFile+".new")
	lock, err := tryLock(unnamed)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(path))
	}
	if err := os.Rename(unnamed, filepath.Join(path, lockFile)); err != nil {
		return nil, errors.Join(err, lock.unlock(), os.RemoveAll(path))
	}
	return &workdir{path: path, temp: true, lock: lock}, nil
}

// sweep removes the temporary folders in base whose owner is gone. What cannot
// be removed, such as another user's, is left to the next start.
func sweep(base string) {
	found, err := filepath.Glob(filepath.Join(base, tempPattern+"*", lockFile))
	if err != nil {
		return // a base with a pattern in its name
	}
	for _, name := range found {
		if lock, err := tryLock(name); err == nil {
			_ = os.RemoveAll(filepath.Dir(name))
			_ = lock.unlock()
		}
	}
}

// leashed is what the watchdog may remove: the folder if it is temporary.
func (w *workdir) leashed() string {
	if w.temp {
		return w.path
	}
	return ""
}

// close removes the folder if it is temporary, and gives it free otherwise.
func (w *workdir) close() error {
	var err error
	if w.temp {
		err = os.RemoveAll(w.path)
	}
	return errors.Join(err, w.lock.unlock())
}

// writePKI writes the keys and certificates that the programs read.
func (w *workdir) writePKI(a *authority) error {
	if err := os.MkdirAll(filepath.Join(w.path, pkiDir), 0o700); err != nil {
		return err
	}
	serving, err := a.serving()
	if err != nil {
		return err
	}
	signing, err := newSigningKey()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		caCert:            a.pem,
		servingCert:       serving.cert,
		servingKey:        serving.key,
		serviceAccountPub: signing.cert,
		serviceAccountKey: signing.key,
	} {
		if err := os.WriteFile(filepath.Join(w.path, name), content, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// removeSockets removes what a control plane that was killed left in a folder
// that is kept; etcd would refuse to listen there.
func (w *workdir) removeSockets() error {
	for _, name := range []string{etcdSocket, etcdPeerSocket} {
		if err := os.Remove(filepath.Join(w.path, name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// pollInterval is the time between two looks at something awaited.
const pollInterval = 50 * time.Millisecond
