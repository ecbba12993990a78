package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"google.golang.org/grpc/balancer"
	_ "google.golang.org/grpc/balancer/leastrequest"
	_ "google.golang.org/grpc/balancer/roundrobin"
	"google.golang.org/grpc/connectivity"
	estats "google.golang.org/grpc/experimental/stats"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"
)

// grpcPicker returns the picker that a balancer of grpc-go makes for n endpoints
// that are all connected: what its ClientConn asks for each call.
func grpcPicker(name string, n int) (subject, error) {
	builder := balancer.Get(name)
	if builder == nil {
		return subject{}, fmt.Errorf("grpc-go has no balancer %q", name)
	}
	cc := &channel{}
	b := builder.Build(cc, balancer.BuildOptions{})
	state := balancer.ClientConnState{}
	for i := range n {
		addr := resolver.Address{Addr: address(i)}
		state.ResolverState.Endpoints = append(state.ResolverState.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{addr}})
	}
	var err error
	if state.BalancerConfig, err = configOf(builder); err != nil {
		return subject{}, err
	}
	if err := b.UpdateClientConnState(state); err != nil {
		return subject{}, err
	}
	cc.deliver()
	if cc.state.ConnectivityState != connectivity.Ready {
		return subject{}, fmt.Errorf("the balancer is %v", cc.state.ConnectivityState)
	}
	return grpcSubject(cc.state.Picker), nil
}

func configOf(b balancer.Builder) (serviceconfig.LoadBalancingConfig, error) {
	if p, ok := b.(balancer.ConfigParser); ok {
		return p.ParseConfig(json.RawMessage("{}"))
	}
	return nil, nil //nolint:nilnil // it takes none
}

func grpcSubject(p balancer.Picker) subject {
	return subject{
		run: func(n int) error { return spinGRPC(p, n) },
		pick: func() (int, error) {
			r, err := p.Pick(balancer.PickInfo{Ctx: context.Background()})
			if err != nil {
				return 0, err
			}
			c, ok := r.SubConn.(*subConn)
			if !ok {
				return 0, errors.New("it picked a connection that is not ours")
			}
			if r.Done != nil {
				r.Done(balancer.DoneInfo{})
			}
			return strconv.Atoi(c.addr)
		},
	}
}

func spinGRPC(p balancer.Picker, n int) error {
	info := balancer.PickInfo{Ctx: context.Background()}
	for range n {
		r, err := p.Pick(info)
		if err != nil {
			return err
		}
		if r.SubConn == nil {
			return errNobody
		}
		if r.Done != nil {
			r.Done(balancer.DoneInfo{})
		}
	}
	return nil
}

// channel is what a balancer knows of its ClientConn. Its connections are ready
// at once.
type channel struct {
	balancer.ClientConn // of what nobody calls

	state   balancer.State
	pending []func() // news of connections
}

// NewSubConn tells the news of the connections before. A balancer holds its
// publications back while it takes a set of endpoints; told afterwards, each
// of 10,000 connections would make it go through all of them.
func (c *channel) NewSubConn(addrs []resolver.Address, opts balancer.NewSubConnOptions) (balancer.SubConn, error) {
	c.deliver()
	return &subConn{channel: c, addr: addrs[0].Addr, listener: opts.StateListener}, nil
}

func (c *channel) deliver() {
	for len(c.pending) > 0 {
		news := c.pending
		c.pending = nil
		for _, f := range news {
			f()
		}
	}
}

func (c *channel) UpdateState(s balancer.State)                       { c.state = s }
func (*channel) ResolveNow(resolver.ResolveNowOptions)                {}
func (*channel) Target() string                                       { return "" }
func (*channel) MetricsRecorder() estats.MetricsRecorder              { return recorder{} }
func (*channel) RemoveSubConn(balancer.SubConn)                       {}
func (*channel) UpdateAddresses(balancer.SubConn, []resolver.Address) {}

// recorder counts nothing.
type recorder struct{ estats.MetricsRecorder }

func (recorder) RecordInt64Count(*estats.Int64CountHandle, int64, ...string)             {}
func (recorder) RecordFloat64Count(*estats.Float64CountHandle, float64, ...string)       {}
func (recorder) RecordInt64Histo(*estats.Int64HistoHandle, int64, ...string)             {}
func (recorder) RecordFloat64Histo(*estats.Float64HistoHandle, float64, ...string)       {}
func (recorder) RecordInt64Gauge(*estats.Int64GaugeHandle, int64, ...string)             {}
func (recorder) RecordInt64UpDownCount(*estats.Int64UpDownCountHandle, int64, ...string) {}

// subConn is a connection.
type subConn struct {
	balancer.SubConn // of what nobody calls

	channel  *channel
	addr     string
	listener func(balancer.SubConnState)
}

func (s *subConn) Connect() {
	for _, state := range []connectivity.State{connectivity.Connecting, connectivity.Ready} {
		s.channel.pending = append(s.channel.pending, func() { s.listener(balancer.SubConnState{ConnectivityState: state}) })
	}
}

func (s *subConn) RegisterHealthListener(f func(balancer.SubConnState)) {
	s.channel.pending = append(s.channel.pending, func() { f(balancer.SubConnState{ConnectivityState: connectivity.Ready}) })
}

func (*subConn) Shutdown()                          {}
func (*subConn) UpdateAddresses([]resolver.Address) {}
