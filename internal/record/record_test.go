package record_test

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/record"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want discover.Instance
		err  string // its start
	}{
		"all":           {text: `{"address":"a:1","weight":2.5,"zone":"z","priority":-1,"metadata":{"k":"v"}}`, want: discover.Instance{Addr: "a:1", Weight: 2.5, Zone: "z", Priority: -1, Meta: map[string]string{"k": "v"}}},
		"address":       {text: `{"address":"a:1"}`, want: discover.Instance{Addr: "a:1"}},
		"more members":  {text: ` {"address":"a:1","since":[1],"Zone":"z"}` + "\n", want: discover.Instance{Addr: "a:1"}},
		"plain":         {text: "10.0.0.7:80", want: discover.Instance{Addr: "10.0.0.7:80"}},
		"plain IPv6":    {text: "[::1]:80\n", want: discover.Instance{Addr: "[::1]:80"}},
		"empty":         {text: "", err: "the value is neither"},
		"URL":           {text: "http://a:80", err: "the value is neither"},
		"no port":       {text: "a", err: "the value is neither"},
		"words":         {text: "a b:80", err: "the value is neither"},
		"JSON text":     {text: `"a:80"`, err: "the value is neither"},
		"no address":    {text: `{"zone":"z"}`, err: "the value has no address"},
		"other type":    {text: `{"address":1}`, err: "the value is not an instance: "},
		"other meta":    {text: `{"address":"a:1","metadata":{"k":1}}`, err: "the value is not an instance: "},
		"twice":         {text: `{"address":"a:1","address":"b:1"}`, err: "the value is not an instance: "},
		"not UTF-8":     {text: "{\"address\":\"\xff\"}", err: "the value is not an instance: "},
		"cut":           {text: `{"address":"a:1"`, err: "the value is not an instance: "},
		"too large":     {text: `{"address":"` + strings.Repeat("a", record.MaxSize) + `"}`, err: "the value has 65550 bytes, more than 65536"},
		"large integer": {text: `{"address":"a:1","priority":1e99}`, err: "the value is not an instance: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in, err := record.Decode([]byte(tt.text))
			if tt.err != "" {
				require.Error(t, err)
				require.Truef(t, strings.HasPrefix(err.Error(), tt.err), "%v, want %s", err, tt.err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, tt.want, in)
		})
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	text, err := record.Encode(discover.Instance{Addr: "a:1", Weight: 2, Meta: map[string]string{"b": "2", "a": "1"}})
	require.NoError(t, err)
	require.JSONEq(t, `{"address":"a:1","weight":2,"metadata":{"a":"1","b":"2"}}`, string(text))
	for want, in := range map[string]discover.Instance{
		"the instance has no address":                         {},
		"the instance a:1 has no form in JSON: ":              {Addr: "a:1", Weight: math.NaN()},
		"the instance b:1 has no form in JSON: ":              {Addr: "b:1", Meta: map[string]string{"a": "\xff"}},
		"the instance c:1 takes 65563 bytes, more than 65536": {Addr: "c:1", Zone: strings.Repeat("z", record.MaxSize)},
	} {
		_, err := record.Encode(in)
		require.ErrorContains(t, err, want)
	}
}

func FuzzDecode(f *testing.F) {
	for _, text := range []string{`{"address":"a:1","weight":2.5,"zone":"z","priority":-1,"metadata":{"k":"v"}}`, "10.0.0.7:80", `{"address":""}`, `{`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := record.Decode(text)
		if err != nil {
			return
		}
		require.NotEmpty(t, in.Addr)
		again, err := record.Encode(in)
		if err != nil {
			return // an invalid address, or one that grows
		}
		same, err := record.Decode(again)
		require.NoError(t, err)
		require.Equal(t, in.Addr, same.Addr)
	})
}
