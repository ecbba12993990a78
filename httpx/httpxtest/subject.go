package httpxtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/internal/service"
)

// A double is a copy of a service whose endpoints are others. The service itself stays as it
// is.
type double struct {
	svc    httpx.Service
	fields map[string]reflect.Value // the endpoints, by their paths
}

// doubleOf returns a copy of svc, whose fields are those that change returns for them. The
// structs that it points to are copied as well, if endpoints are in them.
func doubleOf(svc httpx.Service, change func(path string, e reflect.Value) reflect.Value) (*double, error) {
	if _, faults := service.Walk(svc); len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	v := reflect.New(reflect.TypeOf(svc).Elem())
	v.Elem().Set(reflect.ValueOf(svc).Elem())
	separate(v.Elem())
	d := &double{svc: v.Interface().(httpx.Service), fields: map[string]reflect.Value{}}
	fields, _ := service.Walk(d.svc)
	for _, addr := range fields.List {
		f, _ := fields.Lookup(addr)
		e := fieldOf(v.Elem(), f.Path, addr)
		d.fields[f.Path] = e
		if change != nil {
			e.Set(change(f.Path, e))
		}
	}
	return d, nil
}

// separate copies the structs with endpoints that v, a struct, points to.
func separate(v reflect.Value) {
	for _, f := range v.Fields() {
		f = reflect.NewAt(f.Type(), f.Addr().UnsafePointer()).Elem() // also if it is not exported
		switch {
		case f.Kind() == reflect.Struct && service.HasEndpoints(f.Type()):
			separate(f)
		case f.Kind() == reflect.Pointer && f.Type().Elem().Kind() == reflect.Struct && !f.IsNil() && service.HasEndpoints(f.Type().Elem()):
			c := reflect.New(f.Type().Elem())
			c.Elem().Set(f.Elem())
			f.Set(c)
			separate(c.Elem())
		}
	}
}

// fieldOf returns the endpoint at addr, whose path is within v.
func fieldOf(v reflect.Value, path string, addr unsafe.Pointer) reflect.Value {
	names := strings.Split(path, ".")
	for _, name := range names[1:] {
		if v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		v = v.FieldByName(name)
	}
	return reflect.NewAt(v.Type(), addr).Elem()
}

var errorType = reflect.TypeFor[error]()

// errorValue returns err as a result of a function.
func errorValue(err error) reflect.Value {
	v := reflect.New(errorType).Elem()
	if err != nil {
		v.Set(reflect.ValueOf(err))
	}
	return v
}

// errTaken is the error of an endpoint that only takes its request.
var errTaken = errors.New("the request was read")

// A taker keeps what an endpoint was called with.
type taker struct {
	mu       sync.Mutex // guards the fields below
	requests []reflect.Value
}

// take returns the requests since it was last called: one, or the items of a stream.
func (k *taker) take() []reflect.Value {
	k.mu.Lock()
	defer k.mu.Unlock()
	all := k.requests
	k.requests = nil
	return all
}

func (k *taker) keep(v reflect.Value) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.requests = append(k.requests, v)
}

// taking returns an endpoint of the type of e that keeps its request and fails with errTaken.
func (k *taker) taking(_ string, e reflect.Value) reflect.Value {
	return reflect.MakeFunc(e.Type(), func(args []reflect.Value) []reflect.Value {
		err := errTaken
		if items := endpoint.EraseStream(args[1].Interface()); items == nil {
			k.keep(args[1])
		} else {
			for item, fault := range items {
				if fault != nil {
					err = fault
					break
				}
				c := reflect.New(reflect.TypeOf(item).Elem())
				c.Elem().Set(reflect.ValueOf(item).Elem())
				k.keep(c.Elem())
			}
		}
		return []reflect.Value{reflect.Zero(e.Type().Out(0)), errorValue(err)}
	})
}

// A watcher counts what reaches the endpoints of a service, and keeps its errors.
type watcher struct {
	mu      sync.Mutex // guards the fields below
	reached int        // calls, and items of request streams
	ranged  bool       // a request stream was read
	errs    []error
	begun   func() // is called when the implementation is; may be nil
}

// A sighting is what a watcher saw of one call.
type sighting struct {
	reached int
	ranged  bool
	errs    []error
}

func (s *sighting) panicked() (value any, ok bool) {
	for _, err := range s.errs {
		if p, ok := errors.AsType[*endpoint.PanicError](err); ok {
			return p.Value, true
		}
	}
	return nil, false
}

func (w *watcher) hook(_ context.Context, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.errs = append(w.errs, err)
}

// look returns what happened since it was last called.
func (w *watcher) look() sighting {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := sighting{w.reached, w.ranged, w.errs}
	w.reached, w.ranged, w.errs = 0, false, nil
	return s
}

// notify sets what is called when the implementation is.
func (w *watcher) notify(begun func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = begun
}

func (w *watcher) count(ranged bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ranged = w.ranged || ranged; !ranged {
		w.reached++
	}
	if w.begun != nil {
		w.begun()
	}
}

// watching returns e, watched. A nil endpoint stays nil.
func (w *watcher) watching(_ string, e reflect.Value) reflect.Value {
	if e.IsNil() {
		return e
	}
	call := reflect.ValueOf(e.Interface()) // and not the field
	return reflect.MakeFunc(e.Type(), func(args []reflect.Value) []reflect.Value {
		items := endpoint.EraseStream(args[1].Interface())
		if items == nil {
			w.count(false)
			return call.Call(args)
		}
		watched := endpoint.RestoreStream(args[1].Type(), func(yield func(any, error) bool) {
			w.count(true)
			items(func(item any, err error) bool {
				if err == nil {
					w.count(false)
				}
				return yield(item, err)
			})
		})
		return call.Call([]reflect.Value{args[0], reflect.ValueOf(watched)})
	})
}

// short returns the text of a fault for the report.
func short(v any) string {
	const most = 200
	text := strings.ToValidUTF8(fmt.Sprint(v), "?")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}
