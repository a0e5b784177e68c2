// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// noWebhook is the name that even the trivial webhook refuses, which shows that
// it is asked.
const noWebhook = "refused-by-the-webhook"

// hook is a validating webhook in a process of its own.
type hook struct {
	child *child // of the trivial one
	task  hooking
	// path of its URL, and the authority that it is to be trusted by.
	path, ca string
}

// hooking is what the worker "webhook" is told.
type hooking struct {
	// Address to listen at.
	Address string
	// Dir has the certificate and its key.
	Dir string
}

// prepare makes a certificate, in files of these names, and chooses an address.
func (h *hook) prepare(dir, certificate, key string) (err error) {
	if h.task.Dir, err = os.MkdirTemp(dir, "webhook"); err != nil {
		return err
	}
	if h.ca, err = writeCertificate(h.task.Dir); err != nil {
		return err
	}
	for from, to := range map[string]string{"server.crt": certificate, "server.key": key} {
		if err := os.Rename(filepath.Join(h.task.Dir, from), filepath.Join(h.task.Dir, to)); err != nil {
			return err
		}
	}
	h.task.Address, err = freePort()
	return err
}

// startWebhook starts a webhook that says yes to everything.
func (b *bench) startWebhook(ctx context.Context) (h *hook, err error) {
	h = &hook{path: "/"}
	if err := h.prepare(b.dir, "server.crt", "server.key"); err != nil {
		return nil, err
	}
	h.child, err = begin(ctx, "webhook", h.task)
	return h, err
}

// register has the API server ask the trivial webhook of each Application, and
// returns when it does.
func (h *hook) register(ctx context.Context, p *plane) error {
	_, err := p.raw.AdmissionregistrationV1().ValidatingWebhookConfigurations().Create(ctx, h.configuration("trivial"), metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return eventually(ctx, 10*time.Millisecond, opensWithin, "asked", func() (bool, error) {
		app := newApplication("default", rootUnit, 0)
		app.Name = noWebhook
		err := p.admin.Create(ctx, app, client.DryRunAll)
		if apierrors.IsForbidden(err) {
			return true, nil
		}
		return false, err
	})
}

// webhookWorker serves the webhook for as long as it lives.
func webhookWorker(ctx context.Context, args json.RawMessage) (window, error) {
	task, err := decode[hooking](args)
	if err != nil {
		return nil, err
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", task.Address)
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(sayYes)}
	go func() {
		_ = server.ServeTLS(l, filepath.Join(task.Dir, "server.crt"), filepath.Join(task.Dir, "server.key"))
	}()
	return func(context.Context, time.Duration) (*sample, error) { return &sample{}, nil }, nil
}

// sayYes answers a review. It reads no more of it than it must.
func sayYes(w http.ResponseWriter, r *http.Request) {
	var review struct {
		Request struct {
			UID  string `json:"uid"`
			Name string `json:"name"`
		} `json:"request"`
	}
	if err := json.NewDecoder(r.Body).Decode(&review); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprintf(w, `{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":%q,"allowed":%t,"status":{"code":403,"reason":"Forbidden"}}}`,
		review.Request.UID, review.Request.Name != noWebhook)
}
