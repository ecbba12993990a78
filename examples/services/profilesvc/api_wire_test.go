package profilesvc_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWire holds every byte of the bodies, one request after the other.
func TestWire(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, url string) {
		for _, tt := range []struct {
			method, path, body string
			status             int
			want               string
		}{
			{"POST", "/profiles/", `{"id":"1","name":"Ann","addresses":[{"id":"home","location":"Oslo"}]}`, 200, `{}`},
			{"GET", "/profiles/1", ``, 200, `{"profile":{"id":"1","name":"Ann","addresses":[{"id":"home","location":"Oslo"}]}}`},
			{"POST", "/profiles/1/addresses/", `{"id":"work","location":"Bergen"}`, 200, `{}`},
			{"GET", "/profiles/1/addresses/", ``, 200, `{"addresses":[{"id":"home","location":"Oslo"},{"id":"work","location":"Bergen"}]}`},
			{"GET", "/profiles/1/addresses/work", ``, 200, `{"address":{"id":"work","location":"Bergen"}}`},
			{"DELETE", "/profiles/1/addresses/home", ``, 200, `{}`},
			{"DELETE", "/profiles/1/addresses/work", ``, 200, `{}`},
			{"GET", "/profiles/1/addresses/", ``, 200, `{}`},
			{"PATCH", "/profiles/1", `{"name":"Anna"}`, 200, `{}`},
			{"GET", "/profiles/1", ``, 200, `{"profile":{"id":"1","name":"Anna"}}`},
			{"PUT", "/profiles/1", `{"id":"1"}`, 200, `{}`},
			{"GET", "/profiles/1", ``, 200, `{"profile":{"id":"1"}}`},
			{"PUT", "/profiles/2", `{"name":"Bob"}`, 200, `{}`},
			{"GET", "/profiles/2", ``, 200, `{"profile":{"id":"2","name":"Bob"}}`},
			{"DELETE", "/profiles/2", ``, 200, `{}`},

			{"GET", "/profiles/2", ``, 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"there is no profile \"2\"","code":"NOT_FOUND","domain":"profilesvc","reason":"NOT_FOUND"}`},
			{"POST", "/profiles/", `{"id":"1"}`, 409, `{"type":"about:blank","title":"Conflict","status":409,"detail":"there is a profile \"1\" already","code":"ALREADY_EXISTS","domain":"profilesvc","reason":"ALREADY_EXISTS"}`},
			{"PUT", "/profiles/1", `{"id":"2"}`, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"the path has the id \"1\", the body \"2\"","code":"INVALID_ARGUMENT","domain":"profilesvc","reason":"INCONSISTENT_IDS"}`},
			{"PATCH", "/profiles/1", `{"id":"2"}`, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"the path has the id \"1\", the body \"2\"","code":"INVALID_ARGUMENT","domain":"profilesvc","reason":"INCONSISTENT_IDS"}`},
			{"POST", "/profiles/", `{}`, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid profile","code":"INVALID_ARGUMENT","domain":"profilesvc","reason":"INVALID","errors":[{"pointer":"/id","detail":"must not be empty"}]}`},

			{"POST", "/profiles/", `{"id":7,"nam":"Ann"}`, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid request","code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"pointer":"/id","detail":"must be a string"},{"pointer":"/nam","detail":"unknown member"}]}`},
			{"PATCH", "/profiles/1", `{"addresses":[{"id":"a","lokation":"x"}]}`, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid request","code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"pointer":"/addresses/0/lokation","detail":"unknown member"}]}`},
			{"PUT", "/profiles/1", `{"id":`, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid request","code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"detail":"not valid JSON at byte 6"}]}`},
			{"POST", "/profiles/1/addresses/", ``, 400, `{"type":"about:blank","title":"Bad Request","status":400,"detail":"invalid request","code":"INVALID_ARGUMENT","domain":"endpoint","reason":"INVALID_REQUEST","errors":[{"detail":"empty; a JSON value is expected"}]}`},
			{"GET", "/nowhere", ``, 404, `{"type":"about:blank","title":"Not Found","status":404,"detail":"no such path","code":"UNIMPLEMENTED","domain":"endpoint","reason":"NO_ROUTE"}`},
			{"GET", "/profiles/", ``, 405, `{"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"method not allowed","code":"UNIMPLEMENTED","domain":"endpoint","reason":"METHOD_NOT_ALLOWED"}`},
		} {
			a := ask(t, tt.method, url+tt.path, tt.body)
			require.Equal(t, tt.want, a.body, "%s %s %s", tt.method, tt.path, tt.body)
			require.Equal(t, tt.status, a.status, "%s %s %s", tt.method, tt.path, tt.body)
			media := "application/json"
			if tt.status != 200 {
				media = "application/problem+json"
			}
			require.Equal(t, media, a.header.Get("Content-Type"), "%s %s", tt.method, tt.path)
		}
	})
}

// TestWrongMethod holds what a 405 of each path allows.
func TestWrongMethod(t *testing.T) {
	t.Parallel()
	onRouters(t, func(t *testing.T, url string) {
		for path, allow := range map[string]string{
			"/profiles/":              "OPTIONS, POST",
			"/profiles/1":             "DELETE, GET, HEAD, OPTIONS, PATCH, PUT",
			"/profiles/1/addresses/":  "GET, HEAD, OPTIONS, POST",
			"/profiles/1/addresses/2": "DELETE, GET, HEAD, OPTIONS",
		} {
			a := ask(t, "TRACE", url+path, "")
			require.Equal(t, 405, a.status, path)
			require.Equal(t, allow, a.header.Get("Allow"), path)
			require.Contains(t, a.body, `"reason":"METHOD_NOT_ALLOWED"`, path)
		}
	})
}
