// Huma serves endpoints with huma, and sends each of them a request. The blocks marked
// "each endpoint" are repeated to measure what one more costs.
package main

import (
	"bytes"
	"context"
	"encoding/json/v2"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
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

// An Input0001 is a request as huma has it.
type Input0001 struct {
	Body Request0001
}

// An Output0001 is a response as huma has it.
type Output0001 struct {
	Body Response0001
}

// end

func newHandler() http.Handler {
	mux := http.NewServeMux()
	api := humago.New(mux, huma.DefaultConfig("bench", "1.0.0"))
	// each endpoint
	huma.Post(api, "/do0001", func(ctx context.Context, in *Input0001) (*Output0001, error) {
		resp, err := handle0001(ctx, in.Body)
		return &Output0001{resp}, err
	})
	// end
	return limited(mux)
}

// call sends each endpoint a request and checks the response.
func call(ctx context.Context, base string) error {
	// each endpoint
	if id, total, err := post(ctx, base+"/do0001", "0001"); err != nil || id != "0001" || total != 42 {
		return wrong("0001", id, err)
	}
	// end
	return nil
}

func wrong(name, id string, err error) error {
	return errors.Join(fmt.Errorf("endpoint %s answered with the ID %q", name, id), err)
}

// post sends a request and returns what of the response is checked.
func post(ctx context.Context, url, number string) (id string, total float64, err error) {
	req := map[string]any{"id": number, "count": 41, "name_" + number: ""}
	body, err := json.Marshal(req)
	if err != nil {
		return "", 0, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", 0, err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return "", 0, errors.New(answer.Status)
	}
	var resp map[string]any
	if err := json.UnmarshalRead(answer.Body, &resp); err != nil {
		return "", 0, err
	}
	id, _ = resp["id"].(string)
	total, _ = resp["total_"+number].(float64)
	return id, total, nil
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
	return call(ctx, "http://"+l.Addr().String())
}
