package httpx_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

// allKinds is a service with an endpoint of each kind.
type allKinds struct {
	Say   endpoint.Endpoint[Text, Text]
	Count endpoint.Endpoint[Text, endpoint.Stream[Text]]
	Sum   endpoint.Endpoint[endpoint.Stream[Text], Text]
	Talk  endpoint.Endpoint[endpoint.Stream[Text], endpoint.Stream[Text]]
}

func (s *allKinds) HTTP(r *httpx.Routes) {
	r.POST("/say", &s.Say)
	r.ServerStream("POST", "/count", &s.Count)
	r.ClientStream("POST", "/sum", &s.Sum)
	r.Bidi("POST", "/talk", &s.Talk)
}

// errs calls every endpoint and returns the errors.
func (s *allKinds) errs(ctx context.Context) map[string]error {
	got := map[string]error{}
	_, got["unary"] = s.Say(ctx, Text{})
	if items, err := s.Count(ctx, Text{}); err == nil {
		_, got["server stream"] = items.Collect()
	}
	_, got["client stream"] = s.Sum(ctx, endpoint.StreamOf(Text{}))
	if items, err := s.Talk(ctx, endpoint.StreamOf(Text{})); err == nil {
		_, got["bidi"] = items.Collect()
	}
	return got
}

// TestCallAfterTheEnd begins calls under a context that has ended, with a cause that
// has a code of its own: the code is that of the context.
func TestCallAfterTheEnd(t *testing.T) {
	t.Parallel()
	cause := endpoint.Define(endpoint.NotFound, "shop", "CLOSED", "closed")
	canceled, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	expired, stop := context.WithDeadlineCause(t.Context(), time.Unix(1, 0), cause)
	defer stop()
	url := listen(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	for name, opts := range map[string][]httpx.Option{"plain": nil, "layered": {httpx.Use(&layer{})}} {
		var c allKinds
		dial(t, url, &c, opts...)
		for ctx, want := range map[context.Context]endpoint.Code{canceled: endpoint.Canceled, expired: endpoint.DeadlineExceeded} {
			for kind, err := range c.errs(ctx) {
				require.Equal(t, want, endpoint.CodeOf(err), "%s, %s: %v", name, kind, err)
				require.ErrorIs(t, err, cause, "%s, %s", name, kind)
				require.ErrorIs(t, err, ctx.Err(), "%s, %s", name, kind)
				require.False(t, endpoint.Retryable(err), "%s, %s", name, kind)
			}
		}
	}
}
