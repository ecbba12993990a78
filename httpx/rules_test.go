package httpx_test

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/codec/cbor"
	"github.com/typedkit/endpoint/httpx"
)

type ruled struct {
	ID      string                 `path:"id" minLength:"2"`
	Limit   int                    `query:"limit" minimum:"1" maximum:"9" default:"5"`
	Tags    []string               `query:"tag" maxItems:"2" pattern:"^[a-z]*$"`
	Since   *string                `query:"since" format:"date"`
	Key     string                 `header:"x-key" required:"true" minLength:"3"`
	Session string                 `cookie:"sid" required:"true" enum:"a,b"`
	Name    string                 `json:"name" required:"true" minLength:"1"`
	Seats   int                    `json:"seats" minimum:"1" default:"2"`
	Note    codec.Optional[string] `json:"note,omitzero" maxLength:"3"`
	Rooms   []ruledRoom            `json:"rooms" maxItems:"2"`
}

type ruledRoom struct {
	Floor int `json:"floor" required:"true" minimum:"-1"`
}

type ruledService struct {
	Do     endpoint.Endpoint[ruled, ruledAnswer]
	Form   endpoint.Endpoint[ruledForm, endpoint.Empty]
	Whole  endpoint.Endpoint[ruledWhole, endpoint.Empty]
	Upload endpoint.Endpoint[endpoint.Stream[ruledRoom], endpoint.Empty]
}

type ruledAnswer struct{ Seats, Limit int }

type ruledForm struct {
	Age  int    `form:"age" required:"true" minimum:"18"`
	Name string `form:"name" maxLength:"3"`
}

type ruledWhole struct {
	Rooms *[]ruledRoom `body:"true" minItems:"1"`
}

func (s *ruledService) HTTP(r *httpx.Routes) {
	r.POST("/do/{id}", &s.Do)
	r.POST("/form", &s.Form)
	r.POST("/whole", &s.Whole)
	r.ClientStream("POST", "/upload", &s.Upload)
}

func serveRuled(t *testing.T) http.Handler {
	t.Helper()
	return mounted(t, &ruledService{
		Do:    func(_ context.Context, r ruled) (ruledAnswer, error) { return ruledAnswer{r.Seats, r.Limit}, nil },
		Form:  func(context.Context, ruledForm) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
		Whole: func(context.Context, ruledWhole) (endpoint.Empty, error) { return endpoint.Empty{}, nil },
		Upload: func(_ context.Context, items endpoint.Stream[ruledRoom]) (endpoint.Empty, error) {
			for _, err := range items {
				if err != nil {
					return endpoint.Empty{}, err
				}
			}
			return endpoint.Empty{}, nil
		},
	}, httpx.Formats(codec.JSON(), cbor.Format()))
}

// TestRules has each source of a request with values below, at and above a bound, absent
// ones, and ones of another kind. All that is wrong is in one answer.
func TestRules(t *testing.T) {
	t.Parallel()
	h := serveRuled(t)
	const whole = `{"name":"n","rooms":[]}`
	for _, tt := range []struct {
		name, target, body string
		key, cookie        string
		want               []string // nil: success
	}{
		{name: "valid"},
		{name: "short path", target: "/do/a", want: []string{"path:id: must have at least 2 characters"}},
		{name: "below", target: "/do/ab?limit=0", want: []string{"query:limit: must be at least 1"}},
		{name: "at the lower end", target: "/do/ab?limit=1"},
		{name: "at the upper end", target: "/do/ab?limit=9"},
		{name: "above", target: "/do/ab?limit=10", want: []string{"query:limit: must be at most 9"}},
		{name: "another kind", target: "/do/ab?limit=x", want: []string{"query:limit: must be an integer"}},
		{name: "too many", target: "/do/ab?tag=a&tag=b&tag=c", want: []string{"query:tag: must have at most 2 items"}},
		{name: "an item", target: "/do/ab?tag=a&tag=B", want: []string{"query:tag: must match the pattern ^[a-z]*$"}},
		{name: "a pointer", target: "/do/ab?since=yesterday", want: []string{`query:since: must be a date such as "2006-01-02"`}},
		{name: "a pointer that is valid", target: "/do/ab?since=2024-02-29"},
		{name: "header", key: "ab", want: []string{"header:X-Key: must have at least 3 characters"}},
		{name: "cookie", cookie: "c", want: []string{"cookie:sid: must be one of a, b"}},
		{name: "empty member", body: `{"name":"","rooms":[]}`, want: []string{"/name: must have at least 1 character"}},
		{name: "absent member", body: `{"rooms":[]}`, want: []string{"/name: missing"}},
		{name: "null", body: `{"name":null,"rooms":[]}`, want: []string{"/name: must not be null"}},
		{name: "a member with a default", body: `{"name":"n","seats":0}`, want: []string{"/seats: must be at least 1"}},
		{name: "an absent member with a default", body: `{"name":"n"}`},
		{name: "an Optional", body: `{"name":"n","note":"long"}`, want: []string{"/note: must have at most 3 characters"}},
		{name: "an Optional that is null", body: `{"name":"n","note":null}`},
		{name: "nested", body: `{"name":"n","rooms":[{"floor":-1},{"floor":-2}]}`, want: []string{"/rooms/1/floor: must be at least -1"}},
		{name: "too many items", body: `{"name":"n","rooms":[{"floor":1},{"floor":2},{"floor":3}]}`, want: []string{"/rooms: must have at most 2 items"}},
		{
			name: "all at once", target: "/do/a?limit=x&tag=A", key: "a",
			body: `{"name":"","seats":"two","rooms":[{"floor":"1"},{"floor":-9}],"note":"long","other":1}`,
			want: []string{
				"query:limit: must be an integer", "/seats: must be a number", "/rooms/0/floor: must be a number", "/other: unknown member",
				"path:id: must have at least 2 characters", "query:tag: must match the pattern ^[a-z]*$", "header:X-Key: must have at least 3 characters",
				"/name: must have at least 1 character", "/note: must have at most 3 characters", "/rooms/1/floor: must be at least -1",
			},
		},
		{name: "not JSON", target: "/do/a", body: `{"name":"",`, want: []string{": not valid JSON at byte 11"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, h, "POST", cmp.Or(tt.target, "/do/ab"), cmp.Or(tt.body, whole),
				"Content-Type", "application/json", "X-Key", cmp.Or(tt.key, "abc"), "Cookie", "sid="+cmp.Or(tt.cookie, "a"))
			if tt.want == nil {
				require.Equal(t, 200, a.status, a.body)
				return
			}
			require.Equal(t, 400, a.status)
			require.Equal(t, tt.want, a.faults(t))
		})
	}
	require.JSONEq(t, `{"Seats":2,"Limit":5}`, ask(t, h, "POST", "/do/ab", whole, "Content-Type", "application/json", "X-Key", "abc", "Cookie", "sid=b").body)
}

// TestRulesOfBodies has the rules of bodies that are no JSON, and of items.
func TestRulesOfBodies(t *testing.T) {
	t.Parallel()
	h := serveRuled(t)
	for _, tt := range []struct {
		target, media, body string
		want                []string
	}{
		{"/form", "application/x-www-form-urlencoded", "age=18&name=abc", nil},
		{"/form", "application/x-www-form-urlencoded", "age=17&name=abcd", []string{"/age: must be at least 18", "/name: must have at most 3 characters"}},
		{"/form", "application/x-www-form-urlencoded", "age=x&name=abcd", []string{"/age: must be an integer", "/name: must have at most 3 characters"}},
		{"/whole", "application/json", `[{"floor":-1}]`, nil},
		{"/whole", "application/json", `[]`, []string{": must have at least 1 item"}},
		{"/whole", "application/json", `[{"floor":-2},{"floor":"x"}]`, []string{"/1/floor: must be a number", "/0/floor: must be at least -1"}},
		{"/whole", "", "", nil},
		{"/whole", "application/cbor", "\x82\xa1\x65floor\x22\xa1\x65floor\x61x", []string{"/1/floor: must be a number", "/0/floor: must be at least -1"}},
		{"/whole", "application/cbor", "\x82\xa1\x65floor\x22\xa1\x65floor", []string{": not valid CBOR"}},
		{"/upload", "application/x-ndjson", "{\"floor\":0}\n{\"floor\":-2}\n", []string{"/1/floor: must be at least -1"}},
		{"/upload", "application/x-ndjson", "{\"floor\":0}\n", nil},
	} {
		var header []string
		if tt.media != "" {
			header = []string{"Content-Type", tt.media}
		}
		a := ask(t, h, "POST", tt.target, tt.body, header...)
		if tt.want == nil {
			require.Less(t, a.status, 300, "%s %q %s", tt.target, tt.body, a.body)
			continue
		}
		require.Equal(t, 400, a.status, "%s %q %s", tt.target, tt.body, a.body)
		require.Equal(t, tt.want, a.faults(t), "%s %q", tt.target, tt.body)
	}
}

// forest is a list that contains itself. It has a rule of its own.
type forest []forest

func (f forest) Validate() error {
	if len(f) > 2 {
		return errors.New("too many trees")
	}
	return nil
}

// TestRulesOfRecursiveLists mounts and calls a service whose requests have no depth of their
// own.
func TestRulesOfRecursiveLists(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[struct {
		Trees forest `json:"trees"`
	}]("POST", "/"))
	require.Equal(t, 200, ask(t, h, "POST", "/", `{"trees":[[],[[]]]}`, "Content-Type", "application/json").status)
	a := ask(t, h, "POST", "/", `{"trees":[[],[[],[],[]]]}`, "Content-Type", "application/json")
	require.Equal(t, []string{"/trees/1: too many trees"}, a.faults(t))
}

type seats struct {
	Seats int `json:"seats" minimum:"1" default:"2"`
}

type seatsService struct {
	Sum endpoint.Endpoint[endpoint.Stream[seats], seats]
}

func (s *seatsService) HTTP(r *httpx.Routes) { r.ClientStream("POST", "/sum", &s.Sum) }

// TestDefaultsOfItems sends items without a member that has a default, after one with it.
func TestDefaultsOfItems(t *testing.T) {
	t.Parallel()
	h := mounted(t, &seatsService{Sum: func(_ context.Context, items endpoint.Stream[seats]) (sum seats, err error) {
		for item, err := range items {
			if err != nil {
				return sum, err
			}
			sum.Seats += item.Seats
		}
		return sum, nil
	}})
	a := ask(t, h, "POST", "/sum", "{\"seats\":7}\n{}\n{}\n", "Content-Type", "application/x-ndjson")
	require.JSONEq(t, `{"seats":11}`, a.body)
}
