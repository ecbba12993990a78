package httpxtest

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// A reference is a server of the declaration alone: its endpoints take requests, and do
// nothing. It tells which requests are valid. See decision 208.
type reference struct {
	double  *double
	handler http.Handler
	taker   *taker
	watch   *watcher
}

func newReference(svc httpx.Service, opts []httpx.Option) (*reference, error) {
	ref := &reference{taker: &taker{}, watch: &watcher{}}
	var err error
	if ref.double, err = doubleOf(svc, ref.taker.taking); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	err = httpx.Mount(mux, ref.double.svc, append(slices.Clone(opts), httpx.ErrorHook(ref.watch.hook))...)
	ref.handler = httpx.Problems(mux)
	return ref, err
}

// A verdict is what a server has to say to a request.
type verdict struct {
	requests []reflect.Value // if it is valid: the request, or its items
	valid    bool
	status   int      // else the status
	places   []string // of what is wrong
	text     string   // what is wrong with the first of them
}

// judge returns the verdict about a request.
func (ref *reference) judge(r *http.Request) verdict {
	ref.watch.look()
	ref.taker.take()
	w := httptest.NewRecorder()
	ref.handler.ServeHTTP(w, r)
	v := verdict{status: w.Code, requests: ref.taker.take()}
	for _, err := range ref.watch.look().errs {
		if errors.Is(err, errTaken) {
			v.valid = true
			continue
		}
		for _, f := range endpoint.ErrorOf(err).Violations() {
			v.places = append(v.places, f.Parameter+f.Pointer)
			if v.text == "" {
				v.text = f.Parameter + f.Pointer + ": " + f.Detail
			}
		}
	}
	return v
}

// isInvalid reports whether the request must be refused because of what is in it.
func (v verdict) isInvalid() bool { return !v.valid && len(v.places) > 0 }
