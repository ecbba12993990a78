// Chain puts policies around endpoints, without a transport, and calls each of them.
// The blocks marked "each endpoint" are repeated to measure what one more costs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/resilience"
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

// A Service has an endpoint of each.
type Service struct {
	// each endpoint
	Do0001 endpoint.Endpoint[Request0001, Response0001]
	// end
}

// newService returns the endpoints with the policies around each.
func newService() (*Service, error) {
	limiter := resilience.NewLimiter(1e6, 1e6)
	retry := resilience.NewRetry(3)
	timeout := resilience.NewTimeout(time.Minute)
	return &Service{
		// each endpoint
		Do0001: endpoint.Chain(handle0001, timeout.Wrap, retry.Wrap, limiter.Wrap),
		// end
	}, errors.Join(limiter.Err(), retry.Err(), timeout.Err())
}

// call calls each endpoint and checks the response.
func call(ctx context.Context, s *Service) error {
	// each endpoint
	if resp, err := s.Do0001(ctx, Request0001{ID: "0001", Count: 41}); err != nil || resp.ID != "0001" || resp.Total0001 != 42 {
		return wrong("0001", resp.ID, err)
	}
	// end
	return nil
}

func wrong(name, id string, err error) error {
	return errors.Join(fmt.Errorf("endpoint %s answered with the ID %q", name, id), err)
}

func main() {
	s, err := newService()
	if err == nil {
		err = call(context.Background(), s)
	}
	if err != nil {
		log.Fatal(err)
	}
}
