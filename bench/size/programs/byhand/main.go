// Byhand serves endpoints with net/http and encoding/json/v2, with a limiter, and
// calls each of them, with a retry. The blocks marked "each endpoint" are repeated to
// measure what one more costs.
package main

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"

	"golang.org/x/time/rate"
)

var errNoID = errors.New("the request has no ID")

// each endpoint

// A Request0001 is a request that no other endpoint has.
type Request0001 struct {
	ID       string `json:"id"`
	Name0001 string `json:"name_0001"`
	Count    int    `json:"count"`
}

// A Response0001 is a response that no other endpoint has.
type Response0001 struct {
	ID        string `json:"id"`
	Total0001 int64  `json:"total_0001"`
	Price     int    `json:"price"`
}

func handle0001(_ context.Context, req Request0001) (Response0001, error) {
	if req.ID == "" {
		return Response0001{}, errNoID
	}
	return Response0001{ID: req.ID, Total0001: int64(req.Count) + 1}, nil
}

// end

// each endpoint

func serve0001(w http.ResponseWriter, r *http.Request) {
	var req Request0001
	if !read(w, r, &req) {
		return
	}
	resp, err := handle0001(r.Context(), req)
	write(w, &resp, err)
}

// Do0001 calls the endpoint.
func (c *Client) Do0001(ctx context.Context, req Request0001) (resp Response0001, err error) {
	err = c.post(ctx, "/do0001", &req, &resp)
	return resp, err
}

// end

func newHandler() http.Handler {
	mux := http.NewServeMux()
	// each endpoint
	mux.HandleFunc("POST /do0001", serve0001)
	// end
	return limited(mux)
}

// call calls each endpoint and checks the response.
func call(ctx context.Context, c *Client) error {
	// each endpoint
	if resp, err := c.Do0001(ctx, Request0001{ID: "0001", Count: 41}); err != nil || resp.ID != "0001" || resp.Total0001 != 42 {
		return wrong("0001", resp.ID, err)
	}
	// end
	return nil
}

func wrong(name, id string, err error) error {
	return errors.Join(fmt.Errorf("endpoint %s answered with the ID %q", name, id), err)
}

// limited rejects requests beyond a rate.
func limited(next http.Handler) http.Handler {
	limiter := rate.NewLimiter(1e6, 1e6)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !limiter.Allow() {
			http.Error(w, "too many requests", http.StatusTooManyRequests)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// read decodes the body into req, or writes an error.
func read(w http.ResponseWriter, r *http.Request, req any) bool {
	if err := json.UnmarshalRead(http.MaxBytesReader(w, r.Body, 1<<20), req); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

// write writes the response, or the error.
func write(w http.ResponseWriter, resp any, err error) {
	var body []byte
	if err == nil {
		body, err = json.Marshal(resp)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(body)
}

// A Client calls the endpoints of a server.
type Client struct {
	base string
}

// post calls an endpoint, up to three times.
func (c *Client) post(ctx context.Context, path string, req, resp any) (err error) {
	body, err := json.Marshal(req)
	if err != nil {
		return err
	}
	for range 3 {
		var again bool
		if again, err = c.try(ctx, path, body, resp); !again {
			break
		}
	}
	return err
}

// try calls an endpoint once. It reports whether the call may be made again.
func (c *Client) try(ctx context.Context, path string, body []byte, resp any) (again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return true, err
	}
	defer answer.Body.Close()
	content := io.LimitReader(answer.Body, 1<<20)
	if answer.StatusCode != http.StatusOK {
		text, err := io.ReadAll(content)
		again = answer.StatusCode == http.StatusServiceUnavailable || answer.StatusCode == http.StatusTooManyRequests
		return again, errors.Join(fmt.Errorf("%s: %s", answer.Status, text), err)
	}
	return false, json.UnmarshalRead(content, resp)
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: newHandler()}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	return call(ctx, &Client{base: "http://" + l.Addr().String()})
}
