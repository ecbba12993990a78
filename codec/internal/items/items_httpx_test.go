package items_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

type paging struct {
	Page int    `query:"page"`
	Sort string `json:"sort"`
}

// change is a request with parameters beside members, embedded too.
type change struct {
	paging
	ID    string                 `path:"id"`
	Force bool                   `query:"force"`
	Agent string                 `header:"X-Agent"`
	Qty   codec.Optional[int8]   `json:"qty,omitzero"`
	Note  codec.Optional[string] `json:"note,omitzero"`
	Limit int                    `json:"limit,omitzero" default:"20"`
	Raw   []byte                 `json:"raw"`
}

type changed struct {
	Tag  string `header:"X-Tag"`
	Echo echo   `json:"echo"`
}

type echo struct {
	ID, Sort, Agent string
	Page, Limit     int
	Force, Cleared  bool
	Qty             int8
	Raw             []byte
}

type things struct {
	Change endpoint.Endpoint[change, changed]
}

func (s *things) HTTP(r *httpx.Routes) { r.POST("/things/{id}", &s.Change) }

func doChange(_ context.Context, c change) (changed, error) {
	return changed{Tag: "t", Echo: echo{
		ID: c.ID, Sort: c.Sort, Agent: c.Agent, Page: c.Page, Limit: c.Limit, Force: c.Force,
		Cleared: c.Note.IsNull(), Qty: c.Qty.Or(-1), Raw: c.Raw,
	}}, nil
}

// TestHTTP serves and calls a service over HTTP: parameters stay out of bodies.
func TestHTTP(t *testing.T) {
	t.Parallel()
	onFormats(t, func(t *testing.T, f codec.Compiler, _ string) {
		mux := http.NewServeMux()
		require.NoError(t, httpx.Mount(mux, &things{Change: doChange}, httpx.Formats(codec.JSON(), f)))
		server := httptest.NewServer(mux)
		t.Cleanup(server.Close)
		var c things
		require.NoError(t, httpx.Client(httpx.To(server.URL), &c, httpx.Formats(f)))

		req := change{ID: "a/b", Force: true, Agent: "x", Qty: codec.Some[int8](-3), Raw: []byte{0, 255}}
		req.Page, req.Sort = 2, "up"
		req.Note.SetNull()
		got, err := c.Change(t.Context(), req)
		require.NoError(t, err)
		require.Equal(t, changed{Tag: "t", Echo: echo{
			ID: "a/b", Sort: "up", Agent: "x", Page: 2, Limit: 20, Force: true, Cleared: true, Qty: -3, Raw: []byte{0, 255},
		}}, got)

		// A body cannot set a parameter, and says where it is wrong.
		body, err := f.Append(nil, &map[string]any{"ID": "other", "Page": 3, "qty": 1000})
		require.NoError(t, err)
		resp, err := http.Post(server.URL+"/things/1?page=x", f.MediaType(), bytes.NewReader(body)) //nolint:noctx // a test
		require.NoError(t, err)
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, resp.StatusCode)
		for _, want := range []string{`"/ID","detail":"unknown member"`, `"/Page","detail":"unknown member"`, `"/qty","detail":"out of range"`, `"query:page"`} {
			require.Contains(t, string(text), want)
		}
	})
}
