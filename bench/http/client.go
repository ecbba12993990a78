package main

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// This file is the code that httpx.Client is compared with: calls over net/http
// as a careful engineer writes them by hand, on encoding/json/v2.

// maxAnswer is how much of an answer the client reads, which is what httpx does
// by default.
const maxAnswer = 16 << 20

type handClient struct {
	base string
	http *http.Client
}

func (c *handClient) upper(ctx context.Context, in upperRequest) (upperResponse, error) {
	var out upperResponse
	err := c.post(ctx, "/upper", &in, &out)
	return out, err
}

func (c *handClient) list(ctx context.Context, in listRequest) (listResponse, error) {
	var out listResponse
	query := url.Values{"status": {in.Status}, "limit": {strconv.Itoa(in.Limit)}}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/users/"+url.PathEscape(in.User)+"/orders?"+query.Encode(), nil)
	if err != nil {
		return out, err
	}
	err = c.do(r, &out)
	return out, err
}

func (c *handClient) place(ctx context.Context, in placeRequest) (placeResponse, error) {
	var out placeResponse
	err := c.post(ctx, "/orders", &in, &out)
	return out, err
}

func (c *handClient) post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", jsonType)
	return c.do(r, out)
}

var errTooLarge = errors.New("the answer is too large")

// do makes the exchange and reads a success into out.
func (c *handClient) do(r *http.Request, out any) error {
	r.Header.Set("Accept", jsonType)
	resp, err := c.http.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	if len(body) > maxAnswer {
		return errTooLarge
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return failure(resp, body)
	}
	return json.Unmarshal(body, out)
}

// failure is the error of an answer that is no success.
func failure(resp *http.Response, body []byte) error {
	e := refusal{Status: resp.StatusCode, Detail: http.StatusText(resp.StatusCode)}
	if err := json.Unmarshal(body, &e); err != nil {
		return fmt.Errorf("status %d: %.200q", resp.StatusCode, body)
	}
	return &e
}
