package main

import (
	"context"
	"errors"
	"io"
	"strconv"

	"github.com/go-kit/kit/endpoint"
	"github.com/go-kit/kit/sd"
	"github.com/go-kit/kit/sd/lb"
	"github.com/go-kit/log"
)

// kitSource is an Instancer of go-kit that says what it is told to.
type kitSource struct{ events chan<- sd.Event }

func (s *kitSource) Register(c chan<- sd.Event) { s.events = c }
func (*kitSource) Deregister(chan<- sd.Event)   {}
func (*kitSource) Stop()                        {}

// newKit returns an endpointer that has all of n instances.
func newKit(n int) (*sd.DefaultEndpointer, *kitSource) {
	s := &kitSource{}
	e := sd.NewEndpointer(s, kitFactory, log.NewNopLogger())
	s.follow(addresses(n))
	return e, s
}

func addresses(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = address(i)
	}
	return all
}

// errSettled is told to an endpointer only because it takes it after what it was
// told before; it changes nothing.
var errSettled = errors.New("settled")

// follow returns when calls are spread over the set.
func (s *kitSource) follow(set []string) {
	s.events <- sd.Event{Instances: set}
	s.events <- sd.Event{Err: errSettled}
}

// kitFactory makes an endpoint that answers the number of its instance.
func kitFactory(addr string) (endpoint.Endpoint, io.Closer, error) {
	n, err := strconv.Atoi(addr[:addressDigits])
	return func(context.Context, any) (any, error) { return n, nil }, nil, err
}

func kitRoundRobin(n int) (subject, error) {
	e, _ := newKit(n)
	return kitSubject(lb.NewRoundRobin(e)), nil
}

func kitRandom(n int) (subject, error) {
	e, _ := newKit(n)
	return kitSubject(lb.NewRandom(e, 1)), nil
}

// kitSubject picks with b. go-kit is not told how calls end.
func kitSubject(b lb.Balancer) subject {
	return subject{
		run: func(n int) error { return spinKit(b, n) },
		pick: func() (int, error) {
			e, err := b.Endpoint()
			if err != nil {
				return 0, err
			}
			i, err := e(context.Background(), nil)
			if err != nil {
				return 0, err
			}
			return i.(int), nil
		},
	}
}

func spinKit(b lb.Balancer, n int) error {
	for range n {
		e, err := b.Endpoint()
		if err != nil {
			return err
		}
		if e == nil {
			return errNobody
		}
	}
	return nil
}
