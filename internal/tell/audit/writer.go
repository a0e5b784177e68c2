// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// ErrAbsent says that the cluster does not know reports.
var ErrAbsent = errors.New("the CustomResourceDefinitions of openreports.io are not installed")

// page is how many reports are listed at a time.
const page = 500

// Outcome says what was done to the reports of a namespace.
type Outcome struct {
	Written, Deleted, Unchanged int
}

// Writer writes reports. It knows of each what it says by a digest, so that
// what has not changed is not written, and holds no more of them than that. It
// is safe for concurrent use, of one namespace by one at a time.
type Writer struct {
	// Client writes.
	Client client.Writer
	// Reader reads past every cache.
	Reader client.Reader

	mu sync.Mutex
	// known reports by namespace and name; nil before they were listed.
	known map[string]map[string]stored
}

// stored is what is known of a report in the API server.
type stored struct {
	digest string
	// generation at which it had that digest.
	generation int64
}

// Write has the reports of a namespace say what was found there; without a
// namespace, those of the cluster. It fails with ErrAbsent if the cluster does
// not know reports.
func (w *Writer) Write(ctx context.Context, namespace string, findings []Finding, now time.Time) (Outcome, error) {
	var out Outcome
	before, err := w.of(ctx, namespace)
	if err != nil {
		return out, err
	}
	desired := shards(findings)
	var changed []*shard
	surplus := before // what is left of it when all that is desired is taken out
	for i := range desired {
		s := &desired[i]
		if before[s.name].digest != s.digest {
			changed = append(changed, s)
		} else {
			out.Unchanged++
		}
		delete(surplus, s.name)
	}
	// First what is to be written, then what goes: nothing is missing between.
	reports, times, err := w.read(ctx, namespace, changed, surplus)
	if err != nil {
		return out, err
	}
	for i, s := range changed {
		if err := w.write(ctx, reports[i], s, times, now); err != nil {
			return out, absent(fmt.Errorf("write report %s of namespace %q: %w", s.name, namespace, err))
		}
		out.Written++
	}
	for name := range surplus {
		if err := client.IgnoreNotFound(w.Client.Delete(ctx, newReport(namespace, name).Object)); err != nil {
			return out, absent(fmt.Errorf("delete report %s of namespace %q: %w", name, namespace, err))
		}
		w.note(namespace, name, nil)
		out.Deleted++
	}
	return out, nil
}

// read reads the reports that are to be written, and collects the times of
// what they and those that go say: a result may move from one to another.
func (w *Writer) read(ctx context.Context, namespace string, changed []*shard, surplus map[string]stored) ([]report, map[identity]metav1.Timestamp, error) {
	times := map[identity]metav1.Timestamp{}
	get := func(name string) (report, error) {
		r := newReport(namespace, name)
		err := w.Reader.Get(ctx, client.ObjectKeyFromObject(r), r.Object)
		switch {
		case apierrors.IsNotFound(err):
			r = newReport(namespace, name) // it is to be created
		case err != nil:
			return r, absent(fmt.Errorf("read report %s of namespace %q: %w", name, namespace, err))
		default:
			r.remember(times)
		}
		return r, nil
	}
	if len(changed) == 0 {
		return nil, nil, nil
	}
	reports := make([]report, len(changed))
	for i, s := range changed {
		var err error
		if reports[i], err = get(s.name); err != nil {
			return nil, nil, err
		}
	}
	for name := range surplus {
		if _, err := get(name); err != nil {
			return nil, nil, err
		}
	}
	return reports, times, nil
}

// write creates or updates a report.
func (w *Writer) write(ctx context.Context, r report, s *shard, times map[identity]metav1.Timestamp, now time.Time) error {
	r.fill(s, times, now)
	namespace, name := r.GetNamespace(), r.GetName()
	var err error
	if r.GetResourceVersion() == "" {
		err = w.Client.Create(ctx, r.Object)
	} else {
		err = w.Client.Update(ctx, r.Object)
	}
	if err != nil {
		return err
	}
	w.note(namespace, name, &stored{digest: s.digest, generation: r.GetGeneration()})
	return nil
}

// of returns what is known of the reports of a namespace, as a copy. It lists
// all reports if that was not done yet.
func (w *Writer) of(ctx context.Context, namespace string) (map[string]stored, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil {
		all, err := w.list(ctx)
		if err != nil {
			return nil, err
		}
		w.known = all
	}
	found := make(map[string]stored, len(w.known[namespace]))
	maps.Copy(found, w.known[namespace])
	return found, nil
}

// note takes down what a report says now; nil is that it is gone.
func (w *Writer) note(namespace, name string, s *stored) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil {
		return // forgotten meanwhile
	}
	of := w.known[namespace]
	switch {
	case s == nil:
		delete(of, name)
		if len(of) == 0 {
			delete(w.known, namespace)
		}
	case of == nil:
		w.known[namespace] = map[string]stored{name: *s}
	default:
		of[name] = *s
	}
}

// Drop forgets what is known of the reports of a namespace that is gone, and
// its reports with it.
func (w *Writer) Drop(namespace string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.known, namespace)
}

// Refresh compares what is known with what is there, and returns the namespaces
// whose reports another hand has changed or removed. These are to be written
// anew.
func (w *Writer) Refresh(ctx context.Context) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	there, err := w.list(ctx)
	if err != nil {
		if errors.Is(err, ErrAbsent) {
			w.known = nil
		}
		return nil, err
	}
	var changed []string
	for namespace, reports := range w.known {
		for name, ours := range reports {
			theirs, found := there[namespace][name]
			if found && theirs == ours {
				continue
			}
			changed = append(changed, namespace)
			if found {
				theirs.digest = ""
				there[namespace][name] = theirs
			}
		}
	}
	for namespace := range there {
		if w.known[namespace] == nil {
			changed = append(changed, namespace)
		}
	}
	w.known = there
	return changed, nil
}

// Forget drops all that is known, so that it is read anew.
func (w *Writer) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.known = nil
}

// list reads of all our reports what they say by digest.
func (w *Writer) list(ctx context.Context) (map[string]map[string]stored, error) {
	all := map[string]map[string]stored{}
	for _, kind := range []string{"ReportList", "ClusterReportList"} {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(GroupVersion.WithKind(kind))
		for {
			err := w.Reader.List(ctx, list, client.MatchingLabels{labelManagedBy: Source}, client.Limit(page), client.Continue(list.Continue))
			if err != nil {
				return nil, absent(fmt.Errorf("list reports: %w", err))
			}
			for i := range list.Items {
				o := &list.Items[i]
				if all[o.Namespace] == nil {
					all[o.Namespace] = map[string]stored{}
				}
				all[o.Namespace][o.Name] = stored{digest: o.Annotations[annotationDigest], generation: o.Generation}
			}
			if list.Continue == "" {
				break
			}
		}
	}
	return all, nil
}

// absent turns an error into ErrAbsent if it says that the cluster does not
// know reports. A report, or a namespace, that is not found is named in the
// error; a resource that is not found is not.
func absent(err error) error {
	var status apierrors.APIStatus
	switch {
	case meta.IsNoMatchError(err):
	case apierrors.IsNotFound(err) && errors.As(err, &status) && unserved(status.Status().Details):
	default:
		return err
	}
	return fmt.Errorf("%w: %w", ErrAbsent, err)
}

// unserved says whether the details of an error are those of an API server
// that does not serve the resource at all: it answered with a plain 404.
func unserved(d *metav1.StatusDetails) bool {
	if d == nil {
		return true
	}
	for _, c := range d.Causes {
		if c.Type == metav1.CauseTypeUnexpectedServerResponse {
			return true
		}
	}
	return false
}
