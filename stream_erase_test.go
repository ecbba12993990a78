package endpoint_test

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"testing"

	"github.com/typedkit/endpoint"
)

// roundTrip returns s, erased and restored.
func roundTrip[T any](t *testing.T, s endpoint.Stream[T]) endpoint.Stream[T] {
	t.Helper()
	restored, ok := endpoint.RestoreStream(reflect.TypeFor[endpoint.Stream[T]](), endpoint.EraseStream(s)).(endpoint.Stream[T])
	if !ok {
		t.Fatalf("RestoreStream does not return a %T", s)
	}
	return restored
}

// yields ranges over s by hand, up to the n-th item or error, and returns a line
// for each.
func yields[T any](s endpoint.Stream[T], n int) []string {
	var lines []string
	s(func(item T, err error) bool {
		lines = append(lines, fmt.Sprint(item, " ", err))
		return len(lines) < n
	})
	return lines
}

func TestEraseStreamNil(t *testing.T) {
	t.Parallel()
	for _, s := range []any{
		nil, 7, "text", errTest, func() {}, notStream(endpoint.StreamOf(1)), iter.Seq2[int, error](endpoint.StreamOf(1)),
		endpoint.Stream[int](nil), endpoint.Stream[any](nil), endpoint.Stream[struct{ N int }](nil),
	} {
		if items := endpoint.EraseStream(s); items != nil {
			t.Errorf("EraseStream of a %T is not nil", s)
		}
	}
}

func TestRestoreStreamNil(t *testing.T) {
	t.Parallel()
	for _, of := range []reflect.Type{
		reflect.TypeFor[int](),
		reflect.TypeFor[error](),
		reflect.TypeFor[any](),
		reflect.TypeFor[func()](),
		reflect.TypeFor[iter.Seq2[int, error]](),
		reflect.TypeFor[notStream](),
		reflect.TypeFor[*endpoint.Stream[int]](),
		reflect.TypeFor[struct{ endpoint.Stream[int] }](),
		reflect.TypeFor[struct{ *endpoint.Stream[int] }](),
	} {
		if s := endpoint.RestoreStream(of, endpoint.StreamOf[any]()); s != nil {
			t.Errorf("RestoreStream of the type %v returns a %T, want nil", of, s)
		}
	}
}

func TestStreamRoundTrip(t *testing.T) {
	t.Parallel()
	type point struct{ X, Y int }
	one, points := 1, []point{{1, 2}, {3, 4}, {1, 2}}
	for range 2 { // a stream can be ranged over again
		if got, err := roundTrip(t, endpoint.StreamOf(points...)).Collect(); !slices.Equal(got, points) || err != nil {
			t.Errorf("structs: %v, %v, want %v", got, err, points)
		}
	}
	if got, err := roundTrip(t, endpoint.StreamOf(&one, nil)).Collect(); !slices.Equal(got, []*int{&one, nil}) || err != nil {
		t.Errorf("pointers: %v, %v, want %v and nil", got, err, &one)
	}
	if got, err := roundTrip(t, endpoint.StreamOf[any](7, "text", nil)).Collect(); !slices.Equal(got, []any{7, "text", nil}) || err != nil {
		t.Errorf("any: %v, %v, want 7, text and nil", got, err)
	}
	if got, err := roundTrip(t, endpoint.StreamOf[string]()).Collect(); got != nil || err != nil {
		t.Errorf("no items: %v, %v, want none", got, err)
	}
}

// The items of one range share a pointer. Another range has a pointer of its own.
func TestEraseStreamPointer(t *testing.T) {
	t.Parallel()
	items := endpoint.EraseStream(endpoint.StreamOf(1, 2, 3))
	var outer *int
	for v, err := range items {
		item, ok := v.(*int)
		if !ok || err != nil {
			t.Fatalf("an item is a %T, %v, want a *int", v, err)
		}
		if outer == nil {
			outer = item
		}
		if item != outer {
			t.Errorf("the item %d has a pointer of its own", *item)
		}
		before := *item
		for v := range items {
			if v == any(outer) {
				t.Error("two ranges at the same time share a pointer")
			}
		}
		if *item != before {
			t.Errorf("another range changes the item %d to %d", before, *item)
		}
	}
	if outer == nil || *outer != 3 {
		t.Errorf("after the range, the pointer is %v, want one to the last item", outer)
	}
}

// RestoreStream reads each item before it asks for the next one, so the items may
// share a pointer.
func TestRestoreStreamPointer(t *testing.T) {
	t.Parallel()
	s, ok := endpoint.RestoreStream(reflect.TypeFor[endpoint.Stream[int]](), func(yield func(any, error) bool) {
		item := new(int)
		for *item < 3 && yield(item, nil) {
			*item++
		}
	}).(endpoint.Stream[int])
	if !ok {
		t.Fatal("RestoreStream does not return a Stream[int]")
	}
	if got, err := s.Collect(); !slices.Equal(got, []int{0, 1, 2}) || err != nil {
		t.Errorf("the restored stream: %v, %v, want 0, 1 and 2", got, err)
	}
}

func TestStreamRoundTripBreak(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]func(endpoint.Stream[int]) []string{
		"erased": func(s endpoint.Stream[int]) (lines []string) {
			for v, err := range endpoint.EraseStream(s) {
				n, _ := v.(*int)
				if lines = append(lines, fmt.Sprint(*n, " ", err)); *n == 2 {
					break
				}
			}
			return lines
		},
		"restored": func(s endpoint.Stream[int]) []string { return yields(roundTrip(t, s), 2) },
	} {
		stopped := false
		source := endpoint.Stream[int](func(yield func(int, error) bool) {
			for i := 1; ; i++ {
				if !yield(i, nil) {
					stopped = true
					return
				}
			}
		})
		if got, want := s(source), []string{"1 <nil>", "2 <nil>"}; !slices.Equal(got, want) {
			t.Errorf("%s: a loop that breaks at 2 sees %q, want %q", name, got, want)
		}
		if !stopped {
			t.Errorf("%s: the source is not told to stop", name)
		}
	}
}

func TestStreamRoundTripError(t *testing.T) {
	t.Parallel()
	var got []string
	for v, err := range endpoint.EraseStream(failing(errTest, 1, 2)) {
		item, ok := v.(*int)
		if !ok {
			t.Fatalf("with the error %v, an item is a %T, want a *int", err, v)
		}
		if got = append(got, fmt.Sprint(*item)); (err != nil) != (len(got) == 3) || err != nil && err != errTest { //nolint:errorlint // the very same
			t.Errorf("item %d comes with the error %v, want %v with the third", *item, err, errTest)
		}
	}
	if want := []string{"1", "2", "0"}; !slices.Equal(got, want) {
		t.Errorf("the items are %q, want %q: the zero one comes with the error", got, want)
	}
	items, err := roundTrip(t, failing(errTest, 1, 2)).Collect()
	if !slices.Equal(items, []int{1, 2}) || err != errTest { //nolint:errorlint // the very same
		t.Errorf("restored: %v, %v, want 1, 2 and %v", items, err, errTest)
	}
	// The value that comes with an error is ignored.
	for _, v := range []any{nil, "not a pointer to an item"} {
		s, _ := endpoint.RestoreStream(reflect.TypeFor[endpoint.Stream[int]](), func(yield func(any, error) bool) { yield(v, errTest) }).(endpoint.Stream[int])
		if got, want := yields(s, 9), []string{"0 " + errTest.Error()}; !slices.Equal(got, want) {
			t.Errorf("restored from %v and an error: %q, want %q", v, got, want)
		}
	}
}

// A source that goes on after its error is passed on unchanged, and is stopped by
// a reader that stops there. An item that comes with an error is dropped.
func TestStreamRoundTripUnruly(t *testing.T) {
	t.Parallel()
	if got, want := yields(roundTrip(t, unruly(errTest)), 9), yields(unruly(errTest), 9); !slices.Equal(got, want) || len(want) != 4 {
		t.Errorf("restored: %q, want what the source yields: %q", got, want)
	}
	if got, want := yields(roundTrip(t, unruly(errTest)), 2), yields(unruly(errTest), 2); !slices.Equal(got, want) || len(want) != 2 {
		t.Errorf("restored, to the error: %q, want %q", got, want)
	}
	items, err := roundTrip(t, unruly(errTest)).Collect()
	if !slices.Equal(items, []int{1}) || err != errTest { //nolint:errorlint // the very same
		t.Errorf("Collect gives %v, %v, want the first item and the error", items, err)
	}
	both := endpoint.Stream[int](func(yield func(int, error) bool) { yield(5, errTest) })
	if got, want := yields(roundTrip(t, both), 9), []string{"0 " + errTest.Error()}; !slices.Equal(got, want) {
		t.Errorf("an item with the error: %q, want %q", got, want)
	}
}
