// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// worker prepares what one side does, in a process of its own, and warms up. It
// is told what to do as JSON. What it prepares may last until ctx ends.
type worker func(ctx context.Context, args json.RawMessage) (window, error)

// window does the work for so long, and returns what was done. It may be called
// several times.
type window func(ctx context.Context, length time.Duration) (*sample, error)

// task is the first thing that a child reads; then follow the lengths of
// windows, in nanoseconds.
type task struct {
	Worker string
	Args   json.RawMessage
}

// report is what a child writes: an empty one when it is ready, one for each
// window, or one with an error.
type report struct {
	Error  string  `json:",omitempty"`
	Sample *sample `json:",omitempty"`
}

// work is the whole life of a child. It returns an error only if the parent
// cannot be told.
func work(in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	reader, writer := json.NewDecoder(in), json.NewEncoder(out)
	fail := func(err error) error { return writer.Encode(report{Error: err.Error()}) }
	var t task
	if err := reader.Decode(&t); err != nil {
		return fail(fmt.Errorf("read the task: %w", err))
	}
	prepare := workers[t.Worker]
	if prepare == nil {
		return fail(fmt.Errorf("there is no worker %q", t.Worker))
	}
	run, err := prepare(ctx, t.Args)
	if err != nil {
		return fail(err)
	}
	if err := writer.Encode(report{}); err != nil {
		return err
	}
	for {
		var length time.Duration
		if err := reader.Decode(&length); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fail(err)
		}
		got, err := run(ctx, length)
		if err != nil {
			return fail(err)
		}
		if err := writer.Encode(report{Sample: got}); err != nil {
			return err
		}
	}
}

// child is a worker from its parent's side.
type child struct {
	process *process
	in      io.WriteCloser
	out     io.Closer
	writer  *json.Encoder
	reader  *json.Decoder
	// charged are the processes that do the work: by default the child.
	charged []int
}

// begin starts a child and returns when it is ready.
func begin(ctx context.Context, name string, args any) (*child, error) {
	data, err := json.Marshal(args)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-child")
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	// A pipe of our own: that of cmd is closed with the process, read or not.
	out, theirs, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.Stdout = theirs
	p, err := start(ctx, cmd)
	_ = theirs.Close()
	if err != nil {
		_ = out.Close()
		return nil, err
	}
	c := &child{process: p, in: in, out: out, writer: json.NewEncoder(in), reader: json.NewDecoder(out)}
	c.charged = []int{c.pid()}
	if err := c.writer.Encode(task{Worker: name, Args: data}); err != nil {
		return nil, c.failed(err)
	}
	if _, err := c.read(); err != nil {
		return nil, c.failed(err)
	}
	return c, nil
}

func (c *child) pid() int { return c.process.pid() }

// window has the child work for so long, and adds what that cost.
func (c *child) window(length time.Duration) (*sample, error) {
	before, err := cpuOf(c.charged)
	if err != nil {
		return nil, c.failed(err)
	}
	if err := c.writer.Encode(length); err != nil {
		return nil, c.failed(err)
	}
	got, err := c.read()
	if err != nil {
		return nil, c.failed(err)
	}
	after, err := cpuOf(c.charged)
	if err != nil {
		return nil, c.failed(err)
	}
	if got == nil {
		return nil, c.failed(errors.New("the worker reported nothing"))
	}
	got.CPU = after - before
	return got, nil
}

func (c *child) read() (*sample, error) {
	var r report
	if err := c.reader.Decode(&r); err != nil {
		return nil, fmt.Errorf("the worker went away: %w", err)
	}
	if r.Error != "" {
		return nil, errors.New(r.Error)
	}
	return r.Sample, nil
}

// failed ends the child and returns the error with what the child said.
func (c *child) failed(err error) error { return errors.Join(err, c.end()) }

// end lets the child end, and waits for that.
func (c *child) end() error {
	// The child ends when it can read no more.
	_ = c.in.Close()
	err := c.process.wait()
	_ = c.out.Close()
	return err
}

// legOf returns the leg that one turn of a worker is. charge returns the
// processes that do the work; nil means the worker itself.
func (b *bench) legOf(name string, args any, charge func(child int) []int) leg {
	return func(ctx context.Context) (*sample, error) {
		c, err := begin(ctx, name, args)
		if err != nil {
			return nil, err
		}
		if charge != nil {
			c.charged = charge(c.pid())
		}
		got, err := c.window(b.turn)
		if err != nil {
			return nil, err
		}
		return got, c.end()
	}
}

// decode reads what a worker is told.
func decode[T any](args json.RawMessage) (T, error) {
	var out T
	if err := json.Unmarshal(args, &out); err != nil {
		return out, fmt.Errorf("what the worker is told: %w", err)
	}
	return out, nil
}
