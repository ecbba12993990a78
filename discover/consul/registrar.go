package consul

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/hashicorp/consul/api"
	"github.com/typedkit/endpoint/discover"
	"github.com/typedkit/endpoint/internal/backoff"
)

// forgetTime is after which time without a sign of life the agent forgets a service, unless
// its TTL is longer. Consul allows no less.
const forgetTime = time.Minute

// Register keeps the instance known until ctx ends, as [discover.Registrar] describes, and
// then takes it out. It tries for two seconds, or for eight while the agent answers other
// requests. If many instances end at once, it waits for its turn first, until the agent has
// not answered for two seconds. If it fails, its error is the one of the agent; the instance
// stays known until its check ends, for the time of [TTL], and the agent forgets it a minute
// later.
//
// An instance that Consul cannot hold is an error at once: one whose address is not host:port
// with a number as the port, or not the address of one machine, or whose metadata does not fit.
// If the agent calls the first registration a bad request, that is an error as well.
func (r *Registry) Register(ctx context.Context, in discover.Instance) error {
	if err := r.config.err(); err != nil {
		return err
	}
	service, err := r.serviceOf(in)
	if err != nil {
		return err
	}
	r.registered.Add(1)
	defer r.registered.Add(-1)
	reg := &registration{Registry: r, addr: in.Addr, service: service}
	for ctx.Err() == nil {
		err := reg.keep(ctx)
		if !reg.known && hasStatus(err, http.StatusBadRequest) {
			return err
		}
		if ctx.Err() == nil {
			reg.failed(err)
			reg.backoff.Wait(ctx)
		}
	}
	return reg.remove(context.WithoutCancel(ctx))
}

// serviceOf returns the service of the agent that is the instance. Its ID is its own even if
// others register the same instance: each takes out what it has registered.
func (r *Registry) serviceOf(in discover.Instance) (*api.AgentServiceRegistration, error) {
	host, port, addrErr := splitAddr(in.Addr)
	meta, metaErr := metaOf(in)
	var weightErr error
	if in.Weight > 0 && !isWeight(in.Weight) || math.IsNaN(in.Weight) {
		weightErr = fmt.Errorf("the weight %v is not a number up to %v", in.Weight, float64(maxWeight))
	}
	if err := errors.Join(addrErr, weightErr, metaErr); err != nil {
		return nil, fmt.Errorf("consul: Register: the instance %s: %w", bounded(in.Addr), err)
	}
	weight := int(min(max(math.Round(in.Weight), 1), 65535))
	id := fmt.Sprintf("%s-%s-%016x", r.service, in.Addr, rand.Uint64())
	return &api.AgentServiceRegistration{
		ID: id, Name: r.service, Address: host, Port: port, Tags: r.config.tags, Meta: meta,
		Weights: &api.AgentWeights{Passing: weight, Warning: 1},
		Check: &api.AgentServiceCheck{
			CheckID: "service:" + id, Name: "the instance keeps its registration alive",
			TTL: r.config.ttl.String(), Status: api.HealthPassing,
			DeregisterCriticalServiceAfter: max(forgetTime, r.config.ttl).String(),
		},
	}, nil
}

// splitAddr returns the parts of an address, from which it can be put together again.
func splitAddr(addr string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, errors.New("the address is not host:port")
	}
	port, err = strconv.Atoi(text)
	switch {
	case err != nil || port < 1 || port > 65535 || net.JoinHostPort(host, strconv.Itoa(port)) != addr:
		return "", 0, fmt.Errorf("the port %q is not a number from 1 to 65535", bounded(text))
	case host == "" || net.ParseIP(host).IsUnspecified():
		return "", 0, errors.New("the address names no machine")
	}
	return host, port, nil
}

// A registration is a service of the agent, with the same ID whenever it is registered anew: a
// request that is repeated leaves nothing behind.
type registration struct {
	*Registry
	addr    string
	service *api.AgentServiceRegistration
	asked   bool   // the agent may know the service
	known   bool   // the agent has known the service
	told    string // the last failure
	backoff backoff.Backoff
}

// failed tells why the instance may not be known, unless it was told before.
func (r *registration) failed(err error) {
	if text := err.Error(); text != r.told {
		r.emit("register_failed", r.addr, err)
		r.told = text
	}
}

// keep registers the instance, and keeps it alive as long as it can. What the agent says when
// it has forgotten a check differs between its versions, so any error is a reason to register
// again.
func (r *registration) keep(ctx context.Context) error {
	r.asked = true
	if err := r.register(ctx); err != nil {
		return err
	}
	timer := time.NewTimer(r.period())
	defer timer.Stop()
	if r.known {
		// The agent keeps the state of a check that it knows already, so it hears at once that
		// the check passes.
		if err := r.beat(ctx); err != nil {
			return err
		}
	}
	r.known, r.told = true, ""
	r.emit("registered", r.addr, nil)
	for {
		r.backoff.Reset()
		select {
		case <-timer.C:
			timer.Reset(r.period())
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := r.beat(ctx); err != nil {
			return err
		}
	}
}

const (
	// shortPeriod is short enough for an instance to be known again two seconds after the agent
	// has forgotten it, which no connection tells.
	shortPeriod = 1500 * time.Millisecond
	// perInstance keeps a process with many instances from asking more often than 200 times a
	// second.
	perInstance = 5 * time.Millisecond
)

// period returns the time between two beats.
func (r *registration) period() time.Duration {
	return min(r.config.ttl/3, max(shortPeriod, time.Duration(r.registered.Load())*perInstance))
}

// register makes the agent know the service.
func (r *registration) register(ctx context.Context) error {
	return r.ask(ctx, "the registration", func(ctx context.Context) error {
		return r.client.Agent().ServiceRegisterOpts(r.service, api.ServiceRegisterOpts{}.WithContext(ctx))
	})
}

// beat keeps the check of the service passing.
func (r *registration) beat(ctx context.Context) error {
	return r.ask(ctx, "the check of the instance", func(ctx context.Context) error {
		return r.client.Agent().UpdateTTLOpts(r.service.Check.CheckID, "", api.HealthPassing, new(api.QueryOptions).WithContext(ctx))
	})
}

// remove takes the instance out. It keeps its place in the line for as long as it tries.
func (r *registration) remove(ctx context.Context) error {
	if !r.asked {
		return nil
	}
	err := r.line.enter(ctx)
	if err == nil {
		defer r.line.leave()
		err = r.deregister(ctx)
	}
	if err != nil {
		return fmt.Errorf("the instance %s may be known for %v: %w", r.addr, r.config.ttl, wrap("the end of the registration", err))
	}
	return nil
}

// removeTime is how long a registration may take to be taken out while the agent answers other
// requests.
const removeTime = 8 * time.Second

// deregister makes the agent forget the service.
func (r *registration) deregister(ctx context.Context) error {
	for begun := time.Now(); ; {
		err := r.deregisterOnce(ctx)
		if err == nil || hasStatus(err, http.StatusNotFound) { // or it was deregistered already
			return nil
		}
		took := time.Since(begun)
		refused := isAnswer(err) || r.line.silence() >= requestTime
		if took >= removeTime || took >= requestTime && refused {
			return err
		}
		r.backoff.Wait(ctx)
	}
}

func (r *registration) deregisterOnce(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	err := r.client.Agent().ServiceDeregisterOpts(r.service.ID, new(api.QueryOptions).WithContext(ctx))
	r.line.note(err)
	return err
}
