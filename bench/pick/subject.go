package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/discover"
)

// A subject is one balancer with its instances, ready to pick.
type subject struct {
	// run picks n times, tells each time that the call has ended well, and
	// checks that there was something to call.
	run func(n int) error
	// pick picks once and returns the number of the instance.
	pick func() (int, error)
}

// The kinds, as they are named in tables and plots.
const (
	kindRoundRobin   = "RoundRobin"
	kindRandom       = "Random"
	kindWeighted     = "Weighted"
	kindLeastRequest = "LeastRequest"
	kindPeakEWMA     = "PeakEWMA"
	kindKit          = "go-kit round robin"
	kindKitRandom    = "go-kit random"
	kindGRPC         = "grpc-go round_robin"
	kindGRPCLeast    = "grpc-go least_request"

	// Nobody is told that a call began or ended.
	kindRandomOnly = "Random, the pick alone"
	kindLeastOnly  = "LeastRequest, the pick alone"

	// What counts calls and does nothing else.
	kindByHand = "two choices and two counts, by hand"

	// What is in PeakEWMA's time, and not of its making. It picks nothing.
	kindClock = "two readings of the clock"
)

// ours are the kinds of this library.
func ours() []string {
	return []string{kindRoundRobin, kindRandom, kindWeighted, kindLeastRequest, kindPeakEWMA, kindRandomOnly, kindLeastOnly}
}

func kinds() []string {
	return append(ours(), kindByHand, kindKit, kindKitRandom, kindGRPC, kindGRPCLeast)
}

// sizes are how many instances there are.
func sizes() []int { return []int{10, 100, 1000, 10_000} }

func coreCounts() []int { return []int{1, 2} }

// group names the cases that are compared with each other.
func group(n, cores int) string {
	if cores == 1 {
		return fmt.Sprintf("%d instances, 1 core", n)
	}
	return fmt.Sprintf("%d instances, %d cores", n, cores)
}

// concurrent says whether goroutines may pick at the same time. go-kit's random
// balancer has a source of numbers that is not made for it.
func concurrent(kind string) bool { return kind != kindKitRandom }

func newSubject(kind string, n int) (subject, error) {
	switch kind {
	case kindRoundRobin:
		return pooled(instances(n), discover.RoundRobin())
	case kindRandom:
		return pooled(instances(n), discover.Random())
	case kindWeighted:
		return pooled(weighted(n), discover.Weighted())
	case kindLeastRequest:
		return pooled(instances(n), discover.LeastRequest())
	case kindPeakEWMA:
		return pooled(instances(n), discover.PeakEWMA())
	case kindRandomOnly:
		return picked(n, discover.Random())
	case kindLeastOnly:
		return picked(n, discover.LeastRequest())
	case kindByHand:
		return byHand(n), nil
	case kindKit:
		return kitRoundRobin(n)
	case kindKitRandom:
		return kitRandom(n)
	case kindGRPC:
		return grpcPicker("round_robin", n)
	case kindGRPCLeast:
		return grpcPicker("least_request_experimental", n)
	}
	return subject{}, fmt.Errorf("unknown kind %q", kind)
}

// errNobody is the error of a run that had nobody to call.
var errNobody = errors.New("there was nobody to call")

// check picks until each of n instances was picked. Even a random balancer has
// done so long before its patience ends.
func (s subject) check(n int) error {
	picked := make(map[int]bool)
	for range 200 * n {
		i, err := s.pick()
		if err != nil {
			return err
		}
		if i < 0 || i >= n {
			return fmt.Errorf("it picked instance %d of %d", i, n)
		}
		if picked[i] = true; len(picked) == n {
			return s.run(10)
		}
	}
	return fmt.Errorf("it picked %d of %d instances only", len(picked), n)
}

// onCores returns run, its work spread over goroutines that are at work at the
// same time.
func onCores(cores int, run func(n int) error) func(n int) error {
	if cores == 1 {
		return run
	}
	return func(n int) error {
		ended := make(chan error, cores)
		for range cores {
			go func() { ended <- run(n/cores + 1) }()
		}
		var errs []error
		for range cores {
			errs = append(errs, <-ended)
		}
		return errors.Join(errs...)
	}
}

// An instance is what pools here connect to.
type instance struct{ number int }

// pooled returns a pool of the instances as a client sees it.
func pooled(set []discover.Instance, b discover.Balancer) (subject, error) {
	target := newLive(set, b).target
	return subject{
		run: func(n int) error { return spin(target, n) },
		pick: func() (int, error) {
			in, token, err := target.Acquire(context.Background())
			if err != nil {
				return 0, err
			}
			target.Release(token, nil)
			return in.number, nil
		},
	}, nil
}

// readClock reads the clock as a pool does before and after a call.
func readClock(n int) error {
	begun := time.Now()
	for range n {
		if first := time.Since(begun); time.Since(begun) < first {
			return errors.New("the clock went back")
		}
	}
	return nil
}

// picked is a Picker by itself and the set that it picks from.
func picked(n int, b discover.Balancer) (subject, error) {
	var set []*discover.Member
	var picker discover.Picker
	pool := discover.Of(make([]struct{}, n), discover.Balance(discover.BalancerFunc(func(members []*discover.Member) discover.Picker {
		set, picker = members, b.NewPicker(members)
		return picker
	})))
	pool.For(nil) // makes the picker
	return subject{
		run: func(n int) error { return spinPicker(set, picker, n) },
		pick: func() (int, error) {
			return strconv.Atoi(set[picker.Pick(context.Background())].Instance().Addr)
		},
	}, nil
}

func spinPicker(set []*discover.Member, picker discover.Picker, n int) error {
	ctx := context.Background()
	for range n {
		if set[picker.Pick(ctx)] == nil {
			return errNobody
		}
	}
	return nil
}

func spin(target endpoint.Target[*instance], n int) error {
	ctx := context.Background()
	for range n {
		in, token, err := target.Acquire(ctx)
		if err != nil {
			return err
		}
		if in == nil {
			return errNobody
		}
		target.Release(token, nil)
	}
	return nil
}
