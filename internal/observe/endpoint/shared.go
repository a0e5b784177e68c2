// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"runtime"
	"sync"
	"weak"
)

// shared keeps one copy of each value that somebody still uses. Thousands of
// endpoints may declare the same certification authority or expression; each
// probe then holds a pointer to the one copy, which goes with its last user.
type shared[T any] struct {
	mu     sync.Mutex
	values map[string]weak.Pointer[T]
}

// get returns the value of key, made by create if nobody uses one. create is
// called without the lock, so it may be slow; of two made at once one is kept.
func (s *shared[T]) get(key string, create func() (*T, error)) (*T, error) {
	if v := s.find(key); v != nil {
		return v, nil
	}
	made, err := create()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.values[key].Value(); v != nil {
		return v, nil
	}
	if s.values == nil {
		s.values = make(map[string]weak.Pointer[T])
	}
	s.values[key] = weak.Make(made)
	runtime.AddCleanup(made, s.forget, key)
	return made, nil
}

func (s *shared[T]) find(key string) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.values[key].Value()
}

// forget drops key, unless it was made anew in the meantime.
func (s *shared[T]) forget(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p, ok := s.values[key]; ok && p.Value() == nil {
		delete(s.values, key)
	}
}

// len returns how many values are kept.
func (s *shared[T]) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.values)
}
