package endpointtest

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/typedkit/endpoint"
)

// A Recorder keeps lines of what happened, in order. The zero value is ready
// for use. It is safe for concurrent use.
type Recorder struct {
	mu    sync.Mutex // guards the field below
	lines []string
}

// Layer returns a layer that lets every call pass and records "enter NAME",
// "exit NAME" after a success, and "exit NAME: ERROR" after an error.
func (r *Recorder) Layer(name string) endpoint.Layer {
	return &recording{recorder: r, name: name}
}

// Log records a line, formatted as by fmt.Sprintf.
func (r *Recorder) Log(format string, args ...any) {
	line := fmt.Sprintf(format, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
}

// Lines returns the lines recorded so far.
func (r *Recorder) Lines() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// Reset forgets all lines and returns them.
func (r *Recorder) Reset() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	return lines
}

type recording struct {
	recorder *Recorder
	name     string
}

func (l *recording) Enter(ctx context.Context) (context.Context, endpoint.Token, error) {
	l.recorder.Log("enter %s", l.name)
	return ctx, endpoint.Token{}, nil
}

func (l *recording) Exit(_ context.Context, _ endpoint.Token, err error) error {
	if err == nil {
		l.recorder.Log("exit %s", l.name)
	} else {
		l.recorder.Log("exit %s: %v", l.name, err)
	}
	return err
}
