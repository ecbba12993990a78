package server

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/typedkit/endpoint"
	"github.com/typedkit/endpoint/internal/service"
	"github.com/typedkit/endpoint/server/internal/health"
)

// A Watchable has figures of its state: a pool, a policy of package resilience, an SLO.
type Watchable interface {
	// Gauges yields the figures, as an [endpoint.Gauge] describes it.
	Gauges(yield func(endpoint.Gauge) bool)
}

// Watch shows the figures of things on the admin page: of pools, breakers, limits, an SLO, or
// anything else with the method Gauges of an [endpoint.Gauge]. It adds checks that warn: for a
// pool, "pool/NAME" while no instance serves, and for a breaker, "breaker/NAME" while it is
// not closed for an operation. They never make the server not ready, because then an outage
// of one service would spread to all services that call it. A nil thing is a fault.
func Watch(things ...Watchable) Item {
	return item(func(s *Server) {
		for i, thing := range things {
			if service.IsNil(thing) {
				s.fault("Watch: thing %d is nil", i)
				continue
			}
			s.watched = append(s.watched, thing)
			s.addWatchChecks(thing)
		}
	})
}

// addWatchChecks adds a check for each source of gauges that a thing has so far.
func (s *Server) addWatchChecks(thing Watchable) {
	known := map[string]bool{}
	for g := range thing.Gauges {
		id := g.Source + "/" + g.Name
		judge := judgeOf(g.Source)
		if judge == nil || known[id] {
			continue
		}
		known[id] = true
		s.addCheck(health.Check{Warns: true, Run: func(context.Context) error { return judge(thing, g.Name) }}, g.Source, g.Name)
	}
}

// judgeOf returns the check of gauges with a source, or nil for none.
func judgeOf(source string) func(thing Watchable, name string) error {
	switch source {
	case "pool":
		return judgePool
	case "breaker":
		return judgeBreaker
	}
	return nil
}

func judgePool(thing Watchable, name string) error {
	figures := map[string]float64{}
	for g := range thing.Gauges {
		if g.Source == "pool" && g.Name == name && g.Detail == "" {
			figures[g.Metric] = g.Value
		}
	}
	if figures["serving"] > 0 {
		return nil
	}
	return fmt.Errorf("no instance serves, of %v", figures["instances"])
}

func judgeBreaker(thing Watchable, name string) error {
	var states []string
	for g := range thing.Gauges {
		if g.Source != "breaker" || g.Name != name || g.Metric != "state" || g.Value == 0 {
			continue
		}
		state := "open"
		if g.Value == 1 {
			state = "half-open"
		}
		if g.Operation != nil {
			state += " for " + g.Operation.Service + "." + g.Operation.Name
		}
		states = append(states, state)
	}
	if states == nil {
		return nil
	}
	return errors.New(strings.Join(states, ", "))
}
