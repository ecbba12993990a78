package httpx_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
)

type (
	inner struct {
		Q string `query:"q"`
	}
	innerHeader struct {
		H string `header:"H"`
	}
	// ownForm writes and reads itself.
	ownForm struct {
		Q string `query:"q"`
	}
	Paging struct {
		Limit int `json:"limit" default:"10"`
	}
)

func (ownForm) MarshalJSON() ([]byte, error)  { return []byte(`1`), nil }
func (*ownForm) UnmarshalJSON(b []byte) error { return nil }

// get and post make services without an implementation, for faults of types.
func get[Req, Resp any](path string) httpx.Service { return route("GET", path, none[Req, Resp]) }

func post[Req any]() httpx.Service { return route("POST", "/", none[Req, endpoint.Empty]) }

func reply[Resp any]() httpx.Service { return route("GET", "/", none[endpoint.Empty, Resp]) }

// TestRequestFaults has what is wrong with the type of a request.
func TestRequestFaults(t *testing.T) {
	t.Parallel()
	type empty = endpoint.Empty
	for name, tt := range map[string]struct {
		svc  httpx.Service
		want string
	}{
		"a path tag without wildcard": {get[ByID, empty]("/x"), `httpx: one.Do: request: field ID: path tag "id" has no {id} in "/x"`},
		"a wildcard without field":    {get[ByID, empty]("/{id}/{other}"), `httpx: one.Do: request: {other} in "/{id}/{other}" has no field tagged path:"other"`},
		"a rest without field":        {get[empty, empty]("/{all...}"), `{all} in "/{all...}" has no field tagged path:"all"`},
		"a member of a GET":           {get[Text, empty]("/"), "request: field S has no source: the method has no body; tag it"},
		"an embedded member of a GET": {get[struct{ Text }, empty]("/"), "field S has no source"},
		"a list as a GET's request":   {get[[]int, empty]("/"), "request: a request of type []int is a body, and the method has none"},
		"a body field of a GET": {get[struct {
			A Text `body:"true"`
		}, empty]("/"), "field A is tagged body, and the method has none"},
		"a parameter in a member": {post[struct{ In inner }](), "field In.Q is tagged query and cannot be reached: it is inside a member of the body"},
		"deep in a member": {post[struct {
			In map[string][]*struct{ In inner }
		}](), "field In.In.Q is tagged query and cannot be reached"},
		"a default in a member": {post[struct{ In Paging }](), "field In.Limit is tagged default and cannot be reached"},
		"a parameter in a whole body": {post[struct {
			A inner `body:"true"`
		}](), "field A.Q is tagged query and cannot be reached"},
		"behind an embedded pointer":  {post[struct{ *inner }](), "field Q is tagged query behind an embedded pointer"},
		"a default behind a pointer":  {post[struct{ *Paging }](), "field Limit has a default behind an embedded pointer"},
		"a body behind a pointer":     {post[struct{ *wholeInside }](), "field W is tagged body behind an embedded pointer"},
		"a parameter of its own form": {post[ownForm](), "field Q is tagged query, and its struct has a form of its own that would hide it"},
		"a struct that embeds itself": {post[SelfEmbedding](), "field SelfEmbedding.Q is tagged query and cannot be reached"},
		"unexported": {post[struct {
			q string `query:"q"`
		}](), "field q is tagged and not exported"},
		"an unexported body": {post[struct {
			b Text `body:"true"`
		}](), "field b is tagged and not exported"},
		"two tags": {post[struct {
			Q string `query:"q" header:"q"`
		}](), "field Q is tagged query and header"},
		"a tag and body": {post[struct {
			Q string `query:"q" body:"true"`
		}](), "field Q is tagged query and body"},
		"one name twice": {post[struct {
			A, B string `query:"q"`
		}](), `fields A and B are both tagged query:"q"`},
		"one name twice, embedded": {post[struct {
			inner
			B string `query:"q"`
		}](), `fields Q and B are both tagged query:"q"`},
		"one header twice": {post[struct {
			A string `header:"x-a"`
			B string `header:"X-A"`
		}](), `fields A and B are both tagged header:"X-A"`},
		"one member twice": {post[struct {
			A string
			B string `json:"A"`
		}](), `fields A and B`},
		"a malformed json tag": {post[struct {
			A string `json:"x,case:other"` //nolint:staticcheck // the test is about it
		}](), `A`},
		"no name": {post[struct {
			A string `query:""`
		}](), "field A: tag query has no name"},
		"a header of the transport": {post[struct {
			A string `header:"content-length"`
		}](), `field A: header "content-length" belongs to the transport`},
		"Host": {post[struct {
			A string `header:"Host"`
		}](), `belongs to the transport`},
		"a header that is no token": {post[struct {
			A string `header:"a b"`
		}](), `field A: header "a b" is not a token of RFC 9110`},
		"a cookie that is no token": {post[struct {
			A string `cookie:"a;b"`
		}](), `field A: cookie "a;b" is not a token of RFC 9110`},
		"two bodies": {post[struct {
			A, B Text `body:"true"`
		}](), "fields A and B are both the whole body"},
		"a body and a member": {post[struct {
			A Text `body:"true"`
			B string
		}](), `field A is the whole body, so field B cannot be in it: tag each as a parameter, or json:"-"`},
		"a body and several members": {post[struct {
			Paging
			A    Text `body:"true"`
			Q    int  `query:"q"`
			B    string
			Err  error
			Skip string `json:"-"`
		}](), "field A is the whole body, so fields Limit, B and Err cannot be in it"},
		"an option of a query": {post[struct {
			A string `query:"x,required"`
		}](), `httpx: one.Do: request: field A: tag query:"x,required" has the unknown option "required"; it is a tag of its own: required:"true"`},
		"an option of a path": {route("PUT", "/{x}", none[struct {
			A string `path:"x,int"`
		}, empty]), `field A: tag path:"x,int" has the unknown option "int"`},
		"an option of a header": {post[struct {
			A string `header:"X-A,omitempty"`
		}](), `field A: tag header:"X-A,omitempty" has the unknown option "omitempty"`},
		"options of a cookie": {post[struct {
			A string `cookie:"a,default=1,"`
		}](), `field A: tag cookie:"a,default=1," has the unknown option "default=1"; it is a tag of its own: default:"..."`},
		"an empty option": {post[struct {
			A string `query:"x,"`
		}](), `field A: tag query:"x," has the unknown option ""`},
		"an option without a name": {post[struct {
			A string `query:",required"`
		}](), "field A: tag query has no name"},
		"an option of a form": {post[struct {
			A string `form:"x,required"`
		}](), `field A: tag form:"x,required" has the unknown option "required"`},
		"a tag of validator": {post[struct {
			A string `query:"a" validate:"required,min=3"`
		}](), `httpx: one.Do: request: field A: nothing reads the tag validate, which is of another library; use the tags of JSON Schema, or have the package httpx/playground read it; required:"true" is read`},
		"a tag of gin": {post[struct {
			In []struct {
				A string `json:"a" binding:"email"`
			}
		}](), `request: field In.A: nothing reads the tag binding, which is of another library; use the tags of JSON Schema, or have the package httpx/playground read it`},
		"Accept-Encoding": {post[struct {
			A string `header:"accept-encoding"`
		}](), `field A: header "accept-encoding" belongs to the transport`},
		"a body tag's value": {post[struct {
			A Text `body:"yes"`
		}](), `field A: tag body is "yes", not true`},
		"a kind as a parameter": {post[struct {
			A map[string]string `query:"a"`
		}](), "field A: the kind map[string]string has no form as a query parameter"},
		"a list of lists as a parameter": {post[struct {
			A [][]string `query:"a"`
		}](), "field A: the kind [][]string has no form as a query parameter"},
		"a pointer to a pointer": {post[struct {
			A **int `query:"a"`
		}](), "field A: the kind **int has no form as a query parameter"},
		"several values in a path": {route("PUT", "/{a}", none[struct {
			A []string `path:"a"`
		}, empty]), "field A: a path parameter has one value, not several"},
		"several values in a cookie": {post[struct {
			A []string `cookie:"a"`
		}](), "field A: a cookie parameter has one value, not several"},
		"a kind in a body":              {post[struct{ A struct{ C chan int } }](), ".A.C: a chan has no form in JSON"},
		"an interface in a body":        {post[struct{ A error }](), ".A: an interface with methods has no form in JSON"},
		"keys of a map":                 {post[struct{ A map[bool]int }](), ".A: a map with keys of kind bool has no form in JSON"},
		"a complex number as a request": {post[complex64](), "a complex64 has no form in JSON"},
		"required and a default": {post[struct {
			A int `query:"a" required:"true" default:"1"`
		}](), "field A is required and has a default"},
		"a required member and a default": {post[struct {
			A int `required:"true" default:"1"`
		}](), "field A is required and has a default"},
		"required's value": {post[struct {
			A int `query:"a" required:"yes"`
		}](), `field A: tag required is "yes", not true or false`},
		"required's value, of a member": {post[struct {
			A int `required:"1"`
		}](), `field A: tag required is "1", not true or false`},
		"a default of a path": {route("PUT", "/{a}", none[struct {
			A int `path:"a" default:"1"`
		}, empty]), "field A: a path parameter is always there, and has no default"},
		"a default of several values": {post[struct {
			A []int `query:"a" default:"1"`
		}](), "field A: a parameter of several values has no default"},
		"a default that is not one": {post[struct {
			A int8 `query:"a" default:"300"`
		}](), `field A: tag default "300": out of range`},
		"a default of a member": {post[struct {
			A time.Time `default:"x"`
		}](), `field A: tag default "x": must be a time as in RFC 3339`},
		"a default for a struct": {post[struct {
			A Text `default:"{}"`
		}](), "field A: a default for the kind struct has no form"},
		"a default for the whole body": {post[struct {
			A int `body:"true" default:"1"`
		}](), "field A: "},
		"all at once, in every part of it": {get[struct {
			A, B chan int `query:"q"`
		}, empty]("/{x}"), "field B: the kind chan int"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.svc, []string{"httpx: one.Do: request: ", tt.want})
		})
	}
}

type SelfEmbedding struct {
	*SelfEmbedding
	Q string `query:"q"`
}

type wholeInside struct {
	W Text `body:"true"`
}

// TestReplyFaults has what is wrong with the type of a response.
func TestReplyFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		svc  httpx.Service
		want string
	}{
		"a tag of JSON Schema": {reply[struct {
			A int `json:"a" minLength:"1"`
		}](), `httpx: one.Do: response: field A: tag minLength has no meaning here: it is a number`},
		"an option of a header's tag": {reply[struct {
			A string `header:"X-A,omitzero"`
		}](), `field A: tag header:"X-A,omitzero" has the unknown option "omitzero"`},
		"a body and an error": {reply[struct {
			A   Text `body:"true"`
			Err error
		}](), `field A is the whole body, so field Err cannot be in it`},
		"a status that is no int": {reply[struct {
			A string `status:"true"`
		}](), "field A is tagged status and no int"},
		"two statuses": {reply[struct {
			A, B int `status:"true"`
		}](), "field B is a second one tagged status"},
		"a status tag's value": {reply[struct {
			A int `status:"201"`
		}](), `field A: tag status is "201", not true`},
		"a status behind a pointer": {reply[struct{ *statusInside }](), "field A is tagged status behind an embedded pointer"},
		"a header in a member":      {reply[struct{ In innerHeader }](), "field In.H is tagged header and cannot be reached"},
		"two headers": {reply[struct {
			A, B string `header:"x"`
		}](), `fields A and B are both tagged header:"x"`},
		"a header of the transport": {reply[struct {
			A string `header:"Content-Type"`
		}](), `field A: header "Content-Type" belongs to the transport`},
		"a header and a cookie": {reply[struct {
			A string `header:"x" cookie:"x"`
		}](), "field A is tagged header and cookie"},
		"a header and the status": {reply[struct {
			A int `header:"x" status:"true"`
		}](), "field A is tagged header and status"},
		"a kind as a header": {reply[struct {
			A Text `header:"x"`
		}](), "field A: the kind httpx_test.Text has no form as a header parameter"},
		"a kind in a body": {reply[struct{ F func() }](), ".F: a func has no form in JSON"},
		"one member twice": {reply[struct {
			A string
			B string `json:"A"`
		}](), "fields A and B"},
		"two bodies": {reply[struct {
			A, B Text `body:"true"`
		}](), "fields A and B are both the whole body"},
		"unexported": {reply[struct {
			h string `header:"h"`
		}](), "field h is tagged and not exported"},
		"a header of its own form":   {reply[formWithHeader](), "field H is tagged header, and its struct has a form of its own"},
		"a Stream beside a response": {reply[struct{ S endpoint.Stream[int] }](), "is a Stream inside a message"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.svc, []string{"httpx: one.Do: ", tt.want})
		})
	}
}

type statusInside struct {
	A int `status:"true"`
}

type formWithHeader struct {
	H string `header:"h"`
}

func (formWithHeader) MarshalText() ([]byte, error) { return nil, nil }

// TestPatternFaults has all that a path cannot be.
func TestPatternFaults(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]string{
		"":                "it does not begin with a slash",
		"x":               "it does not begin with a slash",
		"example.com/x":   "it does not begin with a slash",
		"POST /x":         "it does not begin with a slash",
		"//":              "it has an empty segment",
		"/a//b":           "it has an empty segment",
		"/a/./b":          `it has the segment "."`,
		"/a/..":           `it has the segment ".."`,
		"/{}":             `the name of the wildcard "{}" is not an identifier`,
		"/{...}":          "is not an identifier",
		"/{1a}":           "is not an identifier",
		"/{a-b}":          "is not an identifier",
		"/{ü}":            "is not an identifier",
		"/{a.b}":          "is not an identifier",
		"/{a }":           "is not an identifier",
		"/{a":             `segment "{a" is not a wildcard as a whole`,
		"/a}":             `segment "a}" is not a wildcard as a whole`,
		"/x{a}":           `segment "x{a}" is not a wildcard as a whole`,
		"/{a}.json":       `segment "{a}.json" is not a wildcard as a whole`,
		"/{a}{b}":         "is not a wildcard as a whole",
		"/{{a}}":          "is not a wildcard as a whole",
		"/{a/b}":          "is not a wildcard as a whole",
		"/{$}":            "{$} is not needed: a trailing slash matches nothing more",
		"/{a...}/b":       "{a...} is not at its end",
		"/{a}/{a}":        "{a} is in it twice",
		"/{a}/{a...}":     "{a} is in it twice",
		"/{a:[0-9]+}":     "has a regular expression, which only one router knows",
		"/{a:x/y}":        "is not a wildcard as a whole",
		"/*":              `segment "*" has the character`,
		"/a*b":            `segment "a*b" has the character`,
		"/a?b":            `segment "a?b" has the character`,
		"/a#b":            `segment "a#b" has the character`,
		"/a%20b":          `segment "a%20b" has the character`,
		"/a b":            `segment "a b" has the character`,
		"/ü":              `segment "ü" has the character`,
		"/a\"b":           "has the character",
		"/a\x00b":         "has the character",
		"/a\\b":           "has the character",
		"/{a}/{a}//{b...": `"{b..." is not a wildcard as a whole`,
	} {
		t.Run(pattern, func(t *testing.T) {
			t.Parallel()
			refused(t, route("POST", pattern, none[endpoint.Empty, endpoint.Empty]), []string{"httpx: one.Do: pattern ", want})
		})
	}
}

// TestMethodFaults has methods that are no operations.
func TestMethodFaults(t *testing.T) {
	t.Parallel()
	for method, want := range map[string]string{
		"":        `method "" is not an upper-case token`,
		"get":     `method "get" is not an upper-case token`,
		"PO ST":   `method "PO ST" is not an upper-case token`,
		"POST\n":  "is not an upper-case token",
		"CONNECT": "method CONNECT cannot be an operation",
		"TRACE":   "method TRACE cannot be an operation",
		"OPTIONS": "method OPTIONS cannot be an operation",
		"HEAD":    "method HEAD cannot be an operation",
	} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			refused(t, route(method, "/", none[endpoint.Empty, endpoint.Empty]), []string{"httpx: one.Do: ", want})
		})
	}
	onRouters(t, func(t *testing.T, r muxer) { // a method that is not in any list
		require.NoError(t, httpx.Mount(r, echo[Text]("QUERY", "/q")))
	})
}

// TestOptionFaults has values that options don't take.
func TestOptionFaults(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		opt  httpx.RouteOption
		want string
	}{
		"MaxBody of nothing":        {httpx.MaxBody(0), "option MaxBody: 0 is not positive"},
		"MaxBody of less":           {httpx.MaxBody(-1), "option MaxBody: -1 is not positive"},
		"a Status of an error":      {httpx.Status(404), "option Status: 404 is no status of a success"},
		"a Status of a redirect":    {httpx.Status(http.StatusFound), "option Status: 302 is no status of a success"},
		"a Status of information":   {httpx.Status(100), "option Status: 100 is no status of a success"},
		"no Status":                 {httpx.Status(0), "option Status: 0 is no status of a success"},
		"BodyTimeout before now":    {httpx.BodyTimeout(-1), "option BodyTimeout: -1ns is negative"},
		"RequestCodec of nothing":   {httpx.RequestCodec[Text](nil), "option RequestCodec: the codec is nil"},
		"ResponseCodec of nothing":  {httpx.ResponseCodec[Text](nil), "option ResponseCodec: the codec is nil"},
		"Named nothing":             {httpx.Named(""), "option Named: the name is empty"},
		"Fails with nil":            {httpx.Fails(nil), "option Fails: a nil error"},
		"Fails without identity":    {httpx.Fails(endpoint.Errorf(endpoint.NotFound, "gone")), `option Fails: "gone" has no identity; declare it with endpoint.Define`},
		"ErrorStatus of nil":        {httpx.ErrorStatus(nil, 422), "option ErrorStatus: an error without identity"},
		"ErrorStatus of no Define":  {httpx.ErrorStatus(endpoint.Errorf(endpoint.NotFound, "gone"), 422), "option ErrorStatus: an error without identity"},
		"ErrorStatus of a success":  {httpx.ErrorStatus(errOne, 200), "option ErrorStatus: 200 is no status of an error"},
		"ErrorStatus beyond all":    {httpx.ErrorStatus(errOne, 600), "option ErrorStatus: 600 is no status of an error"},
		"ErrorStatus of a redirect": {httpx.ErrorStatus(errOne, 399), "option ErrorStatus: 399 is no status of an error"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused(t, failing(nil, tt.opt), []string{"httpx: one.Do: " + tt.want})
		})
	}
}
