// Http serves endpoints over HTTP and calls each of them. The blocks marked "each
// endpoint" are repeated to measure what one more costs.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"reflect"
	"runtime"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/httpx"
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

// HTTP describes the service.
func (s *Service) HTTP(r *httpx.Routes) {
	// each endpoint
	r.POST("/do0001", &s.Do0001)
	// end
}

func newService() *Service {
	return &Service{
		// each endpoint
		Do0001: handle0001,
		// end
	}
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
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	mux := http.NewServeMux()
	if err := mount(mux); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux}
	go func() { _ = server.Serve(l) }()
	defer func() { _ = server.Close() }()
	var c Service
	if err := httpx.Client(httpx.To("http://"+l.Addr().String()), &c, httpx.Use(resilience.NewRetry(3))); err != nil {
		return err
	}
	return call(ctx, &c)
}

// mount mounts the service, and prints how many routes it has, how long that took, and
// how many bytes of memory it keeps. Of these, it then prints how many the routes keep
// alone, without what packages keep of each type: the memory of a second Mount.
func mount(mux *http.ServeMux) error {
	service := newService()
	before, start := heap(), time.Now()
	if err := add(mux, service); err != nil {
		return err
	}
	took, first := time.Since(start), heap()
	again := http.NewServeMux()
	if err := add(again, service); err != nil {
		return err
	}
	second := heap()
	_, err := fmt.Println(reflect.TypeFor[Service]().NumField(), took.Nanoseconds(), first-before, second-first)
	runtime.KeepAlive(again)
	runtime.KeepAlive(mux)
	return err
}

func add(mux *http.ServeMux, service *Service) error {
	return httpx.Mount(mux, service, httpx.Use(resilience.NewLimiter(1e6, 1e6)))
}

// heap returns how many bytes the objects in use take.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
