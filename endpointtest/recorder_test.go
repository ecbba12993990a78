package endpointtest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

func TestRecorder(t *testing.T) {
	t.Parallel()
	var r endpointtest.Recorder
	if lines := r.Lines(); len(lines) != 0 {
		t.Errorf("a new Recorder has the lines %q", lines)
	}
	e := func(_ context.Context, err error) (endpoint.Empty, error) {
		r.Log("call with %v", err)
		return endpoint.Empty{}, err
	}
	wrapped := endpoint.Stack{r.Layer("A"), r.Layer("B")}.Wrap(e)
	for _, tt := range []struct {
		name string
		err  error
		want []string
	}{
		{"success", nil, []string{"enter A", "enter B", "call with <nil>", "exit B", "exit A"}},
		{"error", errors.New("failed"), []string{"enter A", "enter B", "call with failed", "exit B: failed", "exit A: failed"}},
	} {
		if _, err := wrapped(t.Context(), tt.err); !errors.Is(err, tt.err) {
			t.Errorf("%s: the call returns %v, want %v", tt.name, err, tt.err)
		}
		if got := r.Lines(); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Lines() = %q, want %q", tt.name, got, tt.want)
		}
		if got := r.Reset(); !slices.Equal(got, tt.want) || len(r.Lines()) > 0 {
			t.Errorf("%s: Reset() = %q and leaves %q, want %q and nothing", tt.name, got, r.Lines(), tt.want)
		}
	}
}

func TestRecorderCopies(t *testing.T) {
	t.Parallel()
	var r endpointtest.Recorder
	r.Log("first")
	r.Lines()[0] = "changed"
	if got := r.Lines(); !slices.Equal(got, []string{"first"}) {
		t.Errorf("after a change of what Lines returned, Lines() = %q, want %q", got, []string{"first"})
	}
}

func TestRecorderConcurrent(t *testing.T) {
	t.Parallel()
	var r endpointtest.Recorder
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 10 {
				r.Log("line")
			}
		})
	}
	wg.Wait()
	if got := len(r.Lines()); got != 40 {
		t.Errorf("%d lines are recorded, want 40", got)
	}
}
