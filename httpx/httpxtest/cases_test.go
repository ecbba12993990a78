package httpxtest_test

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/httpxtest"
)

// one is a service of one route for requests of a type.
type one[T any] struct {
	Do endpoint.Endpoint[T, endpoint.Empty]
}

func (s *one[T]) HTTP(r *httpx.Routes) { r.POST("/{id}", &s.Do) }

type path struct {
	ID string `path:"id"`
}

// sent returns the queries and bodies that a check of a service sends, after the requests at
// random.
func sent[T any](t *testing.T) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	all := map[string]bool{}
	r := check(t, new(one[T]), httpxtest.Values("path:id", "x"), httpxtest.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		all[r.URL.RawQuery+string(bytes.TrimSpace(b))] = true
	})))
	for _, e := range r.errors {
		require.NotContains(t, e, "the declaration takes it")
		require.NotContains(t, e, "no valid request")
	}
	return all
}

// For each rule there are requests at, below and above its bounds, absent, null and of the wrong
// kind.
func TestVariants(t *testing.T) {
	t.Parallel()
	contains := func(all map[string]bool, want ...string) {
		t.Helper()
		for _, w := range want {
			require.True(t, all[w], "%s in %v", w, all)
		}
	}
	type integers struct {
		path
		V int8 `json:"v" minimum:"-2" maximum:"3"`
	}
	contains(sent[integers](t), `{"v":-3}`, `{"v":-2}`, `{"v":-1}`, `{"v":2}`, `{"v":3}`, `{"v":4}`, `{"v":"x"}`, `{"v":0.5}`, `{"v":1e40}`, `{"v":null}`, `{}`, `[]`)
	type widest struct {
		path
		V int64 `json:"v" minimum:"-9223372036854775808" maximum:"9223372036854775807"`
	}
	contains(sent[widest](t), `{"v":-9223372036854775808}`, `{"v":9223372036854775807}`)
	type exclusive struct {
		path
		V float64 `json:"v" exclusiveMinimum:"0" exclusiveMaximum:"1" default:"0.5"`
	}
	contains(sent[exclusive](t), `{"v":0}`, `{"v":5e-324}`, `{"v":-5e-324}`, `{"v":1}`, `{"v":0.9999999999999999}`, `{"v":1.0000000000000002}`)
	type single struct {
		path
		V float32 `json:"v" minimum:"0" maximum:"1"`
	}
	contains(sent[single](t), `{"v":-1e-45}`, `{"v":0}`, `{"v":1}`, `{"v":1.0000001}`)
	type multiple struct {
		path
		V int     `json:"v" multipleOf:"5" minimum:"-7"`
		W float64 `json:"w" multipleOf:"0.5"`
	}
	all := sent[multiple](t)
	count := 0
	for body := range all {
		if bytes.Contains([]byte(body), []byte(`"v":1,`)) || bytes.Contains([]byte(body), []byte(`"w":0.75`)) {
			count++
		}
	}
	require.Equal(t, 2, count)
	type enums struct {
		path
		V int `json:"v" enum:"1, 2" default:"1"`
	}
	contains(sent[enums](t), `{"v":1}`, `{"v":2}`, `{"v":12}`)
	type texts struct {
		path
		V string `json:"v" required:"true" minLength:"2" maxLength:"3"`
	}
	contains(sent[texts](t), `{"v":"é"}`, `{"v":"éé"}`, `{"v":"ééé"}`, `{"v":"éééé"}`, `{"v":""}`, `{"v":1}`, `{"v":null}`, `{}`)
	type formats struct {
		path
		V string `json:"v" required:"true" format:"ipv4"`
	}
	contains(sent[formats](t), `{"v":"("}`, `{"v":"192.0.2.1"}`, `{"v":"10.0.0.1"}`)
	type kinds struct {
		path
		V kindOfAnimal `json:"v" required:"true"`
	}
	contains(sent[kinds](t), `{"v":"cat"}`, `{"v":"dog"}`, `{"v":"cat!"}`, `{"v":""}`)
	type lists struct {
		path
		V []int `json:"v" required:"true" minItems:"2" maxItems:"2" uniqueItems:"true" minimum:"1" maximum:"2"`
	}
	contains(sent[lists](t), `{"v":[]}`, `{"v":{}}`, `{"v":null}`)
	type maps struct {
		path
		V map[string]bool `json:"v" required:"true" minProperties:"1" maxProperties:"1"`
	}
	contains(sent[maps](t), `{"v":{}}`, `{"v":[]}`, `{"v":{"k1":true}}`, `{"v":{"k1":false}}`, `{"v":{"k1":"true"}}`, `{"v":{"k1":null}}`)
	type numbers struct {
		path
		V uint8 `json:"v,string" minimum:"1" required:"true"`
	}
	contains(sent[numbers](t), `{"v":"0"}`, `{"v":"1"}`, `{"v":"2"}`, `{"v":"x"}`)
	type pair struct {
		path
		V [1]bool `json:"v"`
	}
	contains(sent[pair](t), `{"v":[]}`, `{"v":["true"]}`, `{"v":[null]}`)
	type query struct {
		path
		V int `query:"v" minimum:"1" maximum:"2" default:"1"`
	}
	contains(sent[query](t), `v=0`, `v=1`, `v=2`, `v=3`, `v=x`, ``, `v=0.5`, `v=1e40`)
	type many struct {
		path
		V []string `query:"v" maxItems:"1" enum:"a,b"`
	}
	contains(sent[many](t), `v=a`, `v=b`, `v=a%21`)
}
