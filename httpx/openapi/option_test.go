package openapi_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/codec"
	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/httpx/openapi"
)

type priced struct {
	Price price `json:"price"`
}

type price struct{ cents int }

func (p price) MarshalJSON() ([]byte, error) { return []byte{byte(p.cents)}, nil }

func (p *price) UnmarshalJSON([]byte) error { return nil }

func TestOptions(t *testing.T) {
	t.Parallel()
	d := openapi.New("shop", "2", of[priced, endpoint.Empty]("POST", "/buy"),
		openapi.Description("sells things"), openapi.License("MIT", ""), openapi.Contact("Ann", "", "ann@example.com"),
		openapi.Server("https://example.com", "live"), openapi.Tag("things", "to buy"), openapi.Tag("named", "of a name"),
		openapi.Schema(price{}, `{"type": "string", "pattern": "^[0-9]+$"}`), openapi.Prefix("/api"),
		openapi.Mounted(httpx.Formats(codec.JSON(), codec.As(codec.JSON(), "application/x+json")), httpx.Named("named")))
	require.NoError(t, d.Err())
	doc := d.JSON()
	require.Equal(t, map[string]any{
		"title": "shop", "version": "2", "description": "sells things",
		"license": map[string]any{"name": "MIT"}, "contact": map[string]any{"name": "Ann", "email": "ann@example.com"},
	}, at(t, doc, "info"))
	require.Equal(t, []any{map[string]any{"url": "https://example.com", "description": "live"}}, at(t, doc, "servers"))
	require.Equal(t, []any{map[string]any{"name": "named", "description": "of a name"}, map[string]any{"name": "things", "description": "to buy"}}, at(t, doc, "tags"))
	require.Equal(t, map[string]any{"type": "string", "pattern": "^[0-9]+$"}, at(t, doc, "components", "schemas", "Priced", "properties", "price"))
	require.Len(t, at(t, doc, "paths", "/api/buy", "post", "requestBody", "content"), 2)
}
