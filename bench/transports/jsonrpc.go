package main

import (
	"bytes"
	"context"
	"encoding/json/jsontext"
	"encoding/json/v2"
	"errors"
	"io"
	"net/http"
	"sync/atomic"

	"github.com/typedkit/endpoint/httpx"
	"github.com/typedkit/endpoint/jsonrpcx"
)

// The objects of JSON-RPC, as one writes them by hand.
type (
	requestObject struct {
		Version string         `json:"jsonrpc"`
		Method  string         `json:"method"`
		Params  jsontext.Value `json:"params"`
		ID      int64          `json:"id"`
	}
	responseObject struct {
		Version string         `json:"jsonrpc"`
		Result  jsontext.Value `json:"result,omitzero"`
		Error   *errorObject   `json:"error,omitzero"`
		ID      int64          `json:"id"`
	}
	errorObject struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
)

// openJSONRPC starts the JSON-RPC servers. The standard library has no JSON-RPC 2.0, so the
// peer is written by hand on net/http and encoding/json/v2.
func openJSONRPC(f *fleet) (*link, error) {
	urls := map[string]string{}
	for kind, h := range map[string]http.Handler{kindRaw: http.HandlerFunc(serveByHand), kindOurs: jsonrpcx.Handler(newSums())} {
		l, err := listen()
		if err != nil {
			return nil, err
		}
		s := &http.Server{Handler: h} //nolint:gosec // for this process alone
		go func() { _ = s.Serve(l) }()
		f.atEnd(s.Close)
		urls[kind] = "http://" + l.Addr().String()
	}
	return &link{func(client, server string, n int) ([]sum, error) {
		if client == kindOurs {
			c, conn := new(Sums), httpx.To(urls[server])
			f.atEnd(conn.Close)
			return ours(c, n), jsonrpcx.Client(conn, c)
		}
		transport := &http.Transport{MaxIdleConnsPerHost: n}
		f.atEnd(func() error { transport.CloseIdleConnections(); return nil })
		c := &handClient{client: &http.Client{Transport: transport}, url: urls[server]}
		all := make([]sum, n)
		for i := range all {
			all[i] = c.sum
		}
		return all, nil
	}}, nil
}

const maxBody = 1 << 20

// serveByHand answers one call.
func serveByHand(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	}
	var req requestObject
	var params Args
	answer := responseObject{Version: "2.0"}
	switch err := json.Unmarshal(body, &req); {
	case err != nil:
		answer.Error = &errorObject{-32700, "Parse error"}
	case req.Version != "2.0" || req.Method != "sum":
		answer.Error, answer.ID = &errorObject{-32601, "Method not found"}, req.ID
	case json.Unmarshal(req.Params, &params) != nil:
		answer.Error, answer.ID = &errorObject{-32602, "Invalid params"}, req.ID
	default:
		answer.ID = req.ID
		answer.Result, _ = json.Marshal(Reply{params.A + params.B})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.MarshalWrite(w, answer)
}

// handClient is a client by hand.
type handClient struct {
	client *http.Client
	url    string
	last   atomic.Int64
}

func (c *handClient) sum(ctx context.Context, a, b int64) (int64, error) {
	params, err := json.Marshal(Args{a, b})
	if err != nil {
		return 0, err
	}
	id := c.last.Add(1)
	body, err := json.Marshal(requestObject{"2.0", "sum", params, id})
	if err != nil {
		return 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.client.Do(r)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	if err != nil {
		return 0, err
	}
	var answer responseObject
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, err
	}
	if answer.Error != nil || answer.ID != id {
		return 0, errors.New("the call failed")
	}
	var reply Reply
	err = json.Unmarshal(answer.Result, &reply)
	return reply.V, err
}
