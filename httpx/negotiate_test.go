package httpx_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
)

// TestAccept has what a client accepts, for a server of one format and of two.
func TestAccept(t *testing.T) {
	t.Parallel()
	one := mounted(t, echo[Text]("POST", "/"))
	two := mounted(t, echo[Text]("POST", "/"), httpx.Formats(codec.JSON(), codec.XML()))
	const json, xml, neither = "application/json", "application/xml", ""
	for accept, want := range map[string][2]string{
		"application/json": {json, json},
		"APPLICATION/JSON": {json, json},
		"*/*":              {json, json},
		"application/*":    {json, json},
		"text/html, application/xhtml+xml, */*;q=0.8": {json, json},
		"application/xml":           {neither, xml},
		"text/html":                 {neither, neither},
		"text/*":                    {neither, neither},
		"application/json;q=0":      {neither, neither},
		"application/json;q=0, */*": {neither, xml},
		"application/json;q=0.0, application/*;q=0.5": {neither, xml},
		"*/*;q=0":                   {neither, neither},
		"*/*;q=0, application/json": {json, json},
		"application/json;q=0.5, application/xml;q=0.6":   {json, xml},
		"application/json;q=0.5, application/xml;q=0.500": {json, json},
		"application/xml, application/json":               {json, json},
		"application/*;q=0.9, application/json;q=0.1":     {json, xml},
		"application/json;q=1.000":                        {json, json},
		"application/json; q=0.001":                       {json, json},
		"application/json;charset=utf-8":                  {json, json},
		// No format has parameters. A range that asks for some includes the type
		// nonetheless, if no better one does.
		"application/json;version=2":                                                {json, json},
		"application/json; version=1":                                               {json, json},
		"application/json;odata.metadata=minimal":                                   {json, json},
		"application/json;":                                                         {json, json},
		"application/json;q=0.8;ext=1":                                              {json, json},
		"application/json;q=0.8;ext":                                                {json, json},
		"application/json;q=0.8;q=0":                                                {json, json},
		`application/json;profile="a,b;c\",d"`:                                      {json, json},
		`application/xml;profile="a,b", application/json;q=0.1`:                     {json, xml},
		"application/xml;version=2":                                                 {neither, xml},
		"application/xml;version=2, application/json;q=0.9":                         {json, xml},
		"application/json;version=2;q=0.1, application/json;q=0.5, */*;q=0.3":       {json, json},
		"application/json;version=2, application/json;q=0.1, application/xml;q=0.5": {json, xml},
		"application/json;version=2;q=0.2, application/*;q=0.5":                     {json, xml},
		"application/json;version=2;q=0":                                            {neither, neither},
		"application/json;version=2;q=0, */*":                                       {json, json},
		"application/*;version=2":                                                   {json, json},
		"*/*;version=2":                                                             {json, json},
		"text/html;level=1":                                                         {neither, neither},
		"application/json;version=2, */*;q=0.1":                                     {json, json},
		"application/problem+json":                                                  {neither, neither},
		"application/problem+json, application/json":                                {json, json},
		", ,application/xml ,":                                                      {neither, xml},
		// What is malformed counts as absent.
		"":                                 {json, json},
		"json":                             {json, json},
		"*":                                {json, json},
		"*/json":                           {json, json},
		"application/":                     {json, json},
		"application/xml;q":                {json, json},
		"application/xml;q=2":              {json, json},
		"application/xml;q=1.001":          {json, json},
		"application/xml;q=0.0001":         {json, json},
		"application/xml;q=.5":             {json, json},
		"application/xml;q=-1":             {json, json},
		"application/xml;q=x":              {json, json},
		"application/xml; q=0.5, a/b/c":    {json, json},
		"application/xml q=0.5":            {json, json},
		"text/html, \x00":                  {json, json},
		`application/xml;v="1`:             {json, json},
		`application/xml;v="1", a/b;v="`:   {json, json},
		`application/xml;v="1\"`:           {json, json},
		`application/xml;v="1"2`:           {json, json},
		`application/xml;v="1"2"`:          {json, json},
		"application/xml;v=":               {json, json},
		`application/xml;q=1;v="1`:         {json, json},
		strings.Repeat("a/b,", 1000) + "x": {json, json},
	} {
		for i, h := range []struct {
			name string
			a    answer
		}{
			{"one format", ask(t, one, "POST", "/", `{"s":"x"}`, "Accept", accept)},
			{"two formats", ask(t, two, "POST", "/", `{"s":"x"}`, "Accept", accept)},
		} {
			if want[i] == neither {
				require.Equal(t, 406, h.a.status, "%s: %q", h.name, accept)
				require.Equal(t, []string{"Accept"}, h.a.header["Vary"], "%s: %q", h.name, accept)
				p := h.a.problem(t)
				require.Equal(t, "NOT_ACCEPTABLE", p.Reason)
				require.Contains(t, p.Detail, "offered: application/json")
				continue
			}
			require.Equal(t, 200, h.a.status, "%s: %q", h.name, accept)
			require.Equal(t, want[i], h.a.header.Get("Content-Type"), "%s: %q", h.name, accept)
		}
	}
	// Several lines are one list.
	a := ask(t, two, "POST", "/", `{"s":"x"}`, "Accept", "application/json;q=0.1", "Accept", "application/xml")
	require.Equal(t, xml, a.header.Get("Content-Type"))
	require.Equal(t, "Accept", a.header.Get("Vary"))
	require.Equal(t, []string{"Accept"}, ask(t, two, "POST", "/", `{`).header["Vary"], "another type would have been refused otherwise")
	require.Empty(t, ask(t, one, "POST", "/", `{"s":"x"}`).header.Values("Vary"))
}

// TestContentType has what a body may say that it is.
func TestContentType(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[Text]("POST", "/"))
	for name, tt := range map[string]struct {
		header []string
		status int
		detail string
	}{
		"nothing":               {nil, 200, ""},
		"JSON":                  {[]string{"Content-Type", "application/json"}, 200, ""},
		"in other case":         {[]string{"Content-Type", "Application/JSON"}, 200, ""},
		"a charset":             {[]string{"Content-Type", "application/json; charset=utf-8"}, 200, ""},
		"a quoted charset":      {[]string{"Content-Type", `application/json;charset="UTF-8"`}, 200, ""},
		"a charset without -":   {[]string{"Content-Type", "application/json; charset=utf8"}, 200, ""},
		"another parameter":     {[]string{"Content-Type", "application/json; version=1"}, 200, ""},
		"a suffix":              {[]string{"Content-Type", "application/vnd.example.v1+json"}, 415, "the content type is not supported; accepted: application/json"},
		"a merge patch":         {[]string{"Content-Type", "application/merge-patch+json"}, 415, "the content type is not supported; accepted: application/json"},
		"twice the same":        {[]string{"Content-Type", "application/json", "Content-Type", "application/json"}, 200, ""},
		"identity":              {[]string{"Content-Encoding", "identity"}, 200, ""},
		"another charset":       {[]string{"Content-Type", "application/json; charset=iso-8859-1"}, 415, "the charset is not supported; send UTF-8"},
		"another type":          {[]string{"Content-Type", "text/plain"}, 415, "the content type is not supported; accepted: application/json"},
		"a form":                {[]string{"Content-Type", "application/x-www-form-urlencoded"}, 415, "the content type is not supported; accepted: application/json; curl -d sends application/x-www-form-urlencoded unless --json or -H Content-Type is given"},
		"another suffix":        {[]string{"Content-Type", "application/json+xml"}, 415, "the content type is not supported; accepted: application/json"},
		"another top":           {[]string{"Content-Type", "text/vnd.x+json"}, 415, "the content type is not supported; accepted: application/json"},
		"half of it":            {[]string{"Content-Type", "application/jso"}, 415, "the content type is not supported; accepted: application/json"},
		"nothing in it":         {[]string{"Content-Type", ""}, 415, "the content type is malformed; accepted: application/json"},
		"malformed":             {[]string{"Content-Type", "application/json; charset"}, 415, "the content type is malformed; accepted: application/json"},
		"two different":         {[]string{"Content-Type", "application/json", "Content-Type", "text/plain"}, 415, "more than one content type"},
		"two in one":            {[]string{"Content-Type", "application/json, text/plain"}, 415, "the content type is malformed; accepted: application/json"},
		"a coding":              {[]string{"Content-Encoding", "br"}, 415, "the content coding is not supported"},
		"two codings":           {[]string{"Content-Encoding", "gzip, gzip"}, 415, "the content coding is not supported"},
		"a type and the Accept": {[]string{"Content-Type", "text/plain", "Accept", "text/plain"}, 406, "no acceptable representation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := ask(t, h, "POST", "/", `{"s":"x"}`, tt.header...)
			require.Equal(t, tt.status, a.status, a.body)
			if tt.status == 200 {
				return
			}
			require.Contains(t, a.problem(t).Detail, tt.detail)
			if tt.status == 415 {
				require.Equal(t, "UNSUPPORTED_MEDIA_TYPE", a.problem(t).Reason)
				require.Equal(t, "application/json", a.header.Get("Accept"))
			}
			// Nothing of the body is read for it.
			r := httptest.NewRequestWithContext(t.Context(), "POST", "/", unread{t})
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Add(tt.header[i], tt.header[i+1])
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			require.Equal(t, tt.status, w.Code)
		})
	}
}

// TestBodyWithoutType has a body whose request names no type: it is that of the
// first format, unless a page of another origin sends it.
func TestBodyWithoutType(t *testing.T) {
	t.Parallel()
	svc := newFeed()
	unary, stream := mounted(t, echo[Text]("POST", "/")), mounted(t, svc)
	others := map[string]http.Handler{}
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		others[method] = mounted(t, echo[Text](method, "/"))
	}
	for name, tt := range map[string]struct {
		header  []string
		refused bool
	}{
		"no browser":              {nil, false},
		"the same origin":         {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://example.com"}, false},
		"by the user's hand":      {[]string{"Sec-Fetch-Site", "none"}, false},
		"another site":            {[]string{"Sec-Fetch-Site", "cross-site"}, true},
		"another host of it":      {[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://www.example.com"}, true},
		"an origin, the same":     {[]string{"Origin", "http://example.com"}, false},
		"an origin, another host": {[]string{"Origin", "http://evil.example"}, true},
		"an origin, another port": {[]string{"Origin", "http://example.com:81"}, true},
		"an origin without name":  {[]string{"Origin", "null"}, true},
		"an origin, malformed":    {[]string{"Origin", "http://%"}, true},
	} {
		answers := map[string]answer{
			"POST":           ask(t, unary, "POST", "/", `{"s":"x"}`, tt.header...),
			"request stream": ask(t, stream, "POST", "/sum", `{"n":1}`, tt.header...),
		}
		for method, h := range others {
			answers[method] = ask(t, h, method, "/", `{"s":"x"}`, tt.header...)
		}
		for what, a := range answers {
			if !tt.refused {
				require.Equal(t, 200, a.status, "%s: %s: %s", name, what, a.body)
				continue
			}
			require.Equal(t, 415, a.status, "%s: %s", name, what)
			require.Contains(t, a.problem(t).Detail, "a body from another origin needs a content type; accepted: application/")
		}
		typed := ask(t, unary, "POST", "/", `{"s":"x"}`, append(tt.header, "Content-Type", "application/json")...)
		require.Equal(t, 200, typed.status, "%s: with a type", name)
		require.Equal(t, 200, ask(t, mounted(t, echo[inQuery[string]]("GET", "/")), "GET", "/", "x", tt.header...).status, "%s: GET", name)
	}
}

// TestTypeWithoutBody has a type that belongs to no body: it does not matter.
func TestTypeWithoutBody(t *testing.T) {
	t.Parallel()
	require.Equal(t, 200, ask(t, mounted(t, echo[inQuery[string]]("POST", "/")), "POST", "/", "", "Content-Type", "text/plain").status)
	require.Equal(t, 200, ask(t, mounted(t, echo[inQuery[string]]("GET", "/")), "GET", "/", "x", "Content-Type", "text/plain").status)
}

// TestTimeoutHeader has a time that is none.
func TestTimeoutHeader(t *testing.T) {
	t.Parallel()
	h := mounted(t, echo[Text]("POST", "/"))
	for value, want := range map[string]int{
		"1": 200, "1000": 200, "0": 400, "0000000000": 400, "9999999999": 200, "00000000010": 400, "99999999999": 400, "-1": 400, "+1": 400, "1.5": 400, "1s": 400, "": 400, " ": 400, "x": 400,
	} {
		a := ask(t, h, "POST", "/", `{"s":"x"}`, "Connect-Timeout-Ms", value)
		require.Equal(t, want, a.status, "%q", value)
		if want == 400 {
			require.Equal(t, []string{"header:Connect-Timeout-Ms: must be one positive number of milliseconds of at most ten digits"}, a.faults(t))
		}
	}
	require.Equal(t, 400, ask(t, h, "POST", "/", `{"s":"x"}`, "Connect-Timeout-Ms", "1000", "Connect-Timeout-Ms", "2000").status)
}
