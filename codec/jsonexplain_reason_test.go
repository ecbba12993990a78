package codec_test

import (
	"encoding/json/v2"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
)

// color, level and secret are text types. The error of color has a reason for the caller,
// level lists its values, and secret has neither.
type (
	color  string
	level  string
	secret string
	// point reads itself from JSON, and its error has a reason for the caller.
	point struct{ X int }
	// letterhead reads JSON that is within a string.
	letterhead struct{ N int }
)

func (c color) MarshalText() ([]byte, error) { return []byte(c), nil }
func (c *color) UnmarshalText(b []byte) error {
	if *c = color(b); len(*c) != 6 {
		return endpoint.Errorf(endpoint.InvalidArgument, "must have 6 digits: %w", errors.New("hunter2"))
	}
	return nil
}

func (l level) MarshalText() ([]byte, error) { return []byte(l), nil }
func (level) Values() []string               { return []string{"low", "high"} }
func (l *level) UnmarshalText(b []byte) error {
	if *l = level(b); *l != "low" && *l != "high" {
		return errors.New("hunter2")
	}
	return nil
}

func (s secret) MarshalText() ([]byte, error) { return []byte(s), nil }
func (*secret) UnmarshalText([]byte) error    { return errors.New("hunter2") }

func (p *point) UnmarshalJSON([]byte) error {
	return codec.ErrInvalid.WithViolations(endpoint.Violation{Detail: "must be a point"})
}

func (p point) MarshalJSON() ([]byte, error) { return []byte("1"), nil }

func (l *letterhead) UnmarshalText(b []byte) error { return json.Unmarshal(b, (*struct{ N int })(l)) }
func (l letterhead) MarshalText() ([]byte, error)  { return json.Marshal(struct{ N int }(l)) }

// TestReasons wants the reason of each type that rejects a value.
func TestReasons(t *testing.T) {
	t.Parallel()
	type body struct {
		Color  color                   `json:"color" form:"color"`
		Level  codec.Optional[level]   `json:"level,omitzero" form:"level"`
		Levels []level                 `json:"levels" form:"levels"`
		Secret *secret                 `json:"secret" form:"secret"`
		Point  point                   `json:"point" form:"-"`
		Keys   map[level]int           `json:"keys" form:"-"`
		Dark   map[secret]int          `json:"dark" form:"-"`
		Colors map[color]map[color]int `json:"colors" form:"-"`
	}
	at := func(pointer, detail string) endpoint.Violation {
		return endpoint.Violation{Pointer: pointer, Detail: detail}
	}
	var v body
	err := codec.JSON().Decode([]byte(`{"color":"red","level":"mid","levels":["low","x"],"secret":"x","point":0,`+
		`"keys":{"mid":1},"dark":{"x":1},"colors":{"red":{"aabbcc":1}}}`), &v)
	require.Equal(t, []endpoint.Violation{
		at("/color", "must have 6 digits"), at("/level", "must be one of low, high"), at("/levels/1", "must be one of low, high"),
		at("/secret", "not valid"), at("/point", "must be a point"),
		at("/keys/mid", "the name of this member is not valid: must be one of low, high"),
		at("/dark/x", "the name of this member is not valid"),
		at("/colors/red", "the name of this member is not valid: must have 6 digits"),
	}, endpoint.ErrorOf(err).Violations())
	require.NotContains(t, err.Error(), "hunter2")
	for text, pointer := range map[string]string{`{"a":"{"}`: "/a", `{"a":"{\"N\":\"x\"}"}`: "/a"} {
		err = codec.JSON().Decode([]byte(text), new(map[string]letterhead))
		require.Equal(t, []endpoint.Violation{at(pointer, "not valid")}, endpoint.ErrorOf(err).Violations(), text)
	}
	err = codec.JSON().Decode([]byte(`{"color":7,"level":true}`), &v)
	require.Equal(t, []endpoint.Violation{at("/color", "must be a string"), at("/level", "must be a string")}, endpoint.ErrorOf(err).Violations())

	type form struct {
		Color  color                 `form:"color"`
		Level  codec.Optional[level] `form:"level"`
		Levels []level               `form:"levels"`
		Secret *secret               `form:"secret"`
	}
	err = codec.Form().Decode([]byte(`color=red&level=mid&levels=low&levels=x&secret=x`), new(form))
	require.Equal(t, []endpoint.Violation{
		at("/color", "must have 6 digits"), at("/level", "must be one of low, high"),
		at("/levels", "must be one of low, high"), at("/secret", "not valid"),
	}, endpoint.ErrorOf(err).Violations())

	for text, want := range map[string]string{"red": "must have 6 digits", "": "must have 6 digits"} {
		err = codec.Text().Decode([]byte(text), new(color))
		require.Equal(t, []endpoint.Violation{at("", want)}, endpoint.ErrorOf(err).Violations())
	}
	type element struct {
		Color color `xml:"color"`
	}
	err = codec.XML().Decode([]byte(`<element><color>red</color></element>`), new(element))
	require.Equal(t, []endpoint.Violation{at("", "must have 6 digits")}, endpoint.ErrorOf(err).Violations())
}
