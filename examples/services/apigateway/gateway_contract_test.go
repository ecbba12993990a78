package apigateway_test

import (
	"net/http"
	"testing"

	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/examples/services/profilesvc"
	"github.com/typedkit/endpoint/examples/services/stringsvc"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

// TestContract checks the services behind the gateway through it: it adds errors of policies
// only.
func TestContract(t *testing.T) {
	t.Parallel()
	texts, profiles := serve(t, stringsvc.New()), serve(t, profilesvc.New(new(profilesvc.Store)))
	h := newGateway(t, discover.Static(addr(texts)), discover.Static(addr(profiles)))
	below := func(prefix string) httpxtest.CheckOption {
		return httpxtest.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = prefix + r.URL.Path
			if r.URL.RawPath != "" {
				r.URL.RawPath = prefix + r.URL.RawPath
			}
			h.ServeHTTP(w, r)
		}))
	}
	httpxtest.Check(t, new(stringsvc.Strings), below("/strings"))
	httpxtest.Check(t, new(profilesvc.Profiles), below("/directory"),
		httpxtest.Values("path:id", "ann", "bob"), httpxtest.Values("/id", "ann", "bob"))
}
