package main

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"net/http"

	"connectrpc.com/connect"
)

// onConnect is connect-go's own protocol, whose unary calls are POSTs of plain
// JSON. Its codec for JSON is protojson, which takes generated messages; it is
// given one of json/v2 instead, for the same structs that all others have.
func onConnect() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /upper", connectHandler("/upper", upper))
	mux.Handle("POST /orders", connectHandler("/orders", place))
	return mux
}

func connectHandler[Req, Resp any](path string, call func(context.Context, Req) (Resp, error)) http.Handler {
	return connect.NewUnaryHandler(path, func(ctx context.Context, r *connect.Request[Req]) (*connect.Response[Resp], error) {
		out, err := call(ctx, *r.Msg)
		if err != nil {
			return nil, err
		}
		return connect.NewResponse(&out), nil
	}, connect.WithCodec(connectJSON{}))
}

type connectJSON struct{}

func (connectJSON) Name() string                       { return "json" }
func (connectJSON) Marshal(v any) ([]byte, error)      { return json.Marshal(v) }
func (connectJSON) Unmarshal(data []byte, v any) error { return json.Unmarshal(data, v) }

// MarshalAppend lets connect use its buffers again, as its own codec does.
func (connectJSON) MarshalAppend(dst []byte, v any) ([]byte, error) {
	buf := bytes.NewBuffer(dst)
	err := json.MarshalWrite(buf, v)
	return buf.Bytes(), err
}
