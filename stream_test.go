package endpoint_test

import (
	"context"
	"errors"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/endpointtest"
)

// failing returns a stream of items that ends with err.
func failing(err error, items ...int) endpoint.Stream[int] {
	return func(yield func(int, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
		yield(0, err)
	}
}

// unruly returns a stream that goes on after its error, as far as it is let.
func unruly(err error) endpoint.Stream[int] {
	return func(yield func(int, error) bool) {
		_ = yield(1, nil) && yield(0, err) && yield(2, nil) && yield(0, err)
	}
}

func TestStreamCollect(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		stream endpoint.Stream[int]
		items  []int
		err    error
	}{
		{"nil", nil, nil, nil},
		{"empty", endpoint.StreamOf[int](), nil, nil},
		{"items", endpoint.StreamOf(1, 2, 3), []int{1, 2, 3}, nil},
		{"an error first", failing(errTest), nil, errTest},
		{"an error after items", failing(errTest, 1, 2), []int{1, 2}, errTest},
		{"an error in between", unruly(errTest), []int{1}, errTest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 2 {
				items, err := tt.stream.Collect()
				if !slices.Equal(items, tt.items) || err != tt.err { //nolint:errorlint // the very same
					t.Errorf("Collect() = %v, %v, want %v, %v", items, err, tt.items, tt.err)
				}
			}
		})
	}
}

func TestStreamOfBreak(t *testing.T) {
	t.Parallel()
	var got []int
	for item, err := range endpoint.StreamOf(1, 2, 3) {
		if err != nil {
			t.Error(err)
		}
		if got = append(got, item); item == 2 {
			break
		}
	}
	if want := []int{1, 2}; !slices.Equal(got, want) {
		t.Errorf("a loop that breaks at 2 sees %v, want %v", got, want)
	}
}

func TestStreamConverts(t *testing.T) {
	t.Parallel()
	seq := iter.Seq2[int, error](endpoint.StreamOf(1, 2))
	if items, err := endpoint.Stream[int](seq).Collect(); len(items) != 2 || err != nil {
		t.Errorf("to a Seq2 and back: %v, %v, want two items", items, err)
	}
}

// notStream is a type of its own: it has none of a Stream's methods.
type notStream endpoint.Stream[int]

func TestStreamItem(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		of   reflect.Type
		item reflect.Type
	}{
		{reflect.TypeFor[endpoint.Stream[int]](), reflect.TypeFor[int]()},
		{reflect.TypeFor[endpoint.Stream[*string]](), reflect.TypeFor[*string]()},
		{reflect.TypeFor[endpoint.Stream[any]](), reflect.TypeFor[any]()},
		{reflect.TypeFor[endpoint.Stream[endpoint.Stream[int]]](), reflect.TypeFor[endpoint.Stream[int]]()},
		{reflect.TypeFor[int](), nil},
		{reflect.TypeFor[error](), nil},
		{reflect.TypeFor[any](), nil},
		{reflect.TypeFor[func()](), nil},
		{reflect.TypeFor[iter.Seq2[int, error]](), nil},
		{reflect.TypeFor[notStream](), nil},
		{reflect.TypeFor[*endpoint.Stream[int]](), nil},
		{reflect.TypeFor[struct{ endpoint.Stream[int] }](), nil},
		{reflect.TypeFor[struct{ *endpoint.Stream[int] }](), nil},
	} {
		item, ok := endpoint.StreamItem(tt.of)
		if item != tt.item || ok != (tt.item != nil) {
			t.Errorf("StreamItem(%v) = %v, %v, want %v", tt.of, item, ok, tt.item)
		}
	}
}

// A struct that embeds a stream is a response like any other.
func TestStreamEmbedded(t *testing.T) {
	t.Parallel()
	type page struct {
		endpoint.Stream[int]
		Next string
	}
	e := func(context.Context, page) (page, error) { return page{Next: "n"}, nil }
	for name, wrapped := range map[string]endpoint.Endpoint[page, page]{
		"Stack":   endpoint.Stack{idle{}, watching{&scripted{log: new(endpointtest.Recorder)}}}.Wrap(e),
		"Recover": endpoint.Recover(e),
	} {
		if got, err := wrapped(t.Context(), page{}); got.Next != "n" || err != nil {
			t.Errorf("%s: the call = %+v, %v, want the response", name, got, err)
		}
	}
}

// A call of an endpoint that returns a stream does nothing yet; each range is a
// call.
func TestStreamIsCold(t *testing.T) {
	t.Parallel()
	for _, f := range forms(false) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			l := newLaw(f, kinds()[0])
			s, err := l.stack(l.layers).Wrap(func(context.Context, int) (endpoint.Stream[int], error) {
				l.log.Log("open")
				return endpoint.StreamOf(1), nil
			})(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			if lines := l.log.Lines(); len(lines) > 0 {
				t.Errorf("before anybody ranges, the log is %q, want nothing", lines)
			}
			var calls [2][]string
			for i := range calls {
				if items, err := s.Collect(); len(items) != 1 || err != nil {
					t.Errorf("range %d: %v, %v, want one item", i, items, err)
				}
				calls[i] = l.log.Reset()
			}
			if want := 2*len(l.layers) + 1; len(calls[0]) != want || !slices.Equal(calls[0], calls[1]) {
				t.Errorf("two ranges log\n\t%q and\n\t%q, want the same %d lines twice", calls[0], calls[1], want)
			}
		})
	}
}

// Around a stream, the layers see its end: none, its error, or that it could not
// be opened.
func TestStreamEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		open  endpoint.Endpoint[int, endpoint.Stream[int]]
		items []int
		err   error
		text  string
	}{
		{"nil", func(context.Context, int) (endpoint.Stream[int], error) { return nil, nil }, nil, nil, ""},
		{"no items", func(context.Context, int) (endpoint.Stream[int], error) { return endpoint.StreamOf[int](), nil }, nil, nil, ""},
		{"items", ticks, []int{1, 2, 3}, nil, ""},
		{"an error at once", func(context.Context, int) (endpoint.Stream[int], error) { return ticksTo(3), errTest }, nil, errTest, "failed"},
		{"an error first", func(context.Context, int) (endpoint.Stream[int], error) { return failing(errTest), nil }, nil, errTest, "failed"},
		{"an error after items", func(context.Context, int) (endpoint.Stream[int], error) { return failing(errTest, 1, 2), nil }, []int{1, 2}, errTest, "failed"},
		{"more after an error", func(context.Context, int) (endpoint.Stream[int], error) { return unruly(errTest), nil }, []int{1}, errTest, "failed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, f := range slices.Concat(forms(false), forms(true)) {
				l := newLaw(f, kinds()[0])
				s, err := l.stack(l.layers).Wrap(tt.open)(t.Context(), 3)
				if err != nil {
					t.Fatal(err)
				}
				var items []int
				var errs []error
				for item, err := range s {
					if err != nil {
						errs = append(errs, err)
						continue // as far as the stream goes
					}
					items = append(items, item)
				}
				var want []error
				if tt.err != nil {
					want = []error{tt.err}
				}
				if !slices.Equal(items, tt.items) || !slices.Equal(errs, want) {
					t.Errorf("%s: the stream gives %v and the errors %v, want %v and %v", f.name, items, errs, tt.items, want)
				}
				l.wantLog(t, f.name, len(l.layers), len(l.layers), false, each(tt.text))
			}
		})
	}
}

func ticksTo(n int) endpoint.Stream[int] {
	s, _ := ticks(context.Background(), n)
	return s
}

// A break is ErrStopped for the layers, and is nobody's error outside.
func TestStreamBreak(t *testing.T) {
	t.Parallel()
	if !errors.Is(endpoint.ErrStopped, context.Canceled) || endpoint.CodeOf(endpoint.ErrStopped) != endpoint.Canceled {
		t.Errorf("ErrStopped does not match context.Canceled, or has the code %v", endpoint.CodeOf(endpoint.ErrStopped))
	}
	for _, f := range slices.Concat(forms(false), forms(true)) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			l := newLaw(f, kinds()[0])
			for _, layer := range l.layers {
				layer.exit = func(err error) error {
					if err != endpoint.ErrStopped { //nolint:errorlint // the very same
						t.Errorf("%s exits with %v, want %v", layer.name, err, endpoint.ErrStopped)
					}
					return err
				}
			}
			s, err := l.stack(l.layers).Wrap(stoppable(t))(t.Context(), 3)
			if err != nil {
				t.Fatal(err)
			}
			for item, err := range s {
				if item != 1 || err != nil {
					t.Errorf("the first item is %v, %v, want 1", item, err)
				}
				break
			}
			l.wantLog(t, f.name, len(l.layers), len(l.layers), false, each(endpoint.ErrStopped.Error()))
		})
	}
}

// stoppable returns an endpoint without end, whose context must have been
// cancelled when its stream hears that it is to stop, however it hears it: else
// a source that waits for the goroutines it started would wait for ever.
func stoppable(t *testing.T) endpoint.Endpoint[int, endpoint.Stream[int]] {
	t.Helper()
	return func(ctx context.Context, _ int) (endpoint.Stream[int], error) {
		return func(yield func(int, error) bool) {
			if ctx.Err() != nil {
				t.Errorf("the context has ended before the first item: %v", ctx.Err())
			}
			defer func() {
				if ctx.Err() == nil {
					t.Error("the source is told to stop before its context is cancelled")
				}
			}()
			i := 1
			for yield(i, nil) {
				i++
			}
		}, nil
	}
}

// A panic of the reader passes through every Exit and goes on, whatever stands
// between.
func TestStreamReaderPanics(t *testing.T) {
	t.Parallel()
	for _, f := range slices.Concat(forms(false), forms(true)) {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			l := newLaw(f, kinds()[0])
			e := endpoint.Chain(stoppable(t), endpoint.Recover, l.stack(l.layers).Wrap, endpoint.Recover)
			s, err := e(t.Context(), 3)
			if err != nil {
				t.Fatal(err)
			}
			func() {
				defer func() {
					if v := recover(); v != "boom" {
						t.Errorf("the panic comes out as %v, want boom", v)
					}
				}()
				for range s {
					panic("boom")
				}
			}()
			l.wantLog(t, f.name, len(l.layers), len(l.layers), false, func(i int) string {
				if l.hedges && i == 2 {
					// The source runs beside the reader, and is told to stop.
					return endpoint.ErrStopped.Error()
				}
				return boom
			})
		})
	}
}
