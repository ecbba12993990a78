package admin

import (
	"cmp"
	"maps"
	"slices"

	"github.com/typedkit/endpoint"
)

// maxInstances is how many instances of a pool are listed. Those that are out come first.
const maxInstances = 100

// A Pool is a pool of instances.
type Pool struct {
	Name      string     `json:"name"`
	Instances int        `json:"instances"`
	Serving   int        `json:"serving"`
	Ejected   int        `json:"ejected"`
	Age       float64    `json:"ageSeconds"`
	Members   []Instance `json:"members"`
}

// An Instance is one member of a pool.
type Instance struct {
	Address string  `json:"address"`
	Out     bool    `json:"out"`
	Pending float64 `json:"pending"`
	Weight  float64 `json:"weight"`
}

// pools collects the gauges of pools.
type pools map[string]*pool

type pool struct {
	Pool
	members map[string]*Instance
}

// add takes a gauge with the source "pool".
func (ps pools) add(g endpoint.Gauge) {
	p := ps[g.Name]
	if p == nil {
		p = &pool{Name: g.Name, members: make(map[string]*Instance)}
		ps[g.Name] = p
	}
	if g.Detail == "" {
		p.setTotal(g)
		return
	}
	m := p.members[g.Detail]
	if m == nil {
		m = &Instance{Address: g.Detail}
		p.members[g.Detail] = m
	}
	switch g.Metric {
	case "pending":
		m.Pending = g.Value
	case "weight":
		m.Weight = g.Value
	case "out":
		m.Out = g.Value != 0
	}
}

func (p *pool) setTotal(g endpoint.Gauge) {
	switch g.Metric {
	case "instances":
		p.Instances = int(g.Value)
	case "serving":
		p.Serving = int(g.Value)
	case "ejected":
		p.Ejected = int(g.Value)
	case "age_seconds":
		p.Age = g.Value
	}
}

// all returns the pools by name, and their instances by address, those that are out first.
func (ps pools) all() []Pool {
	all := []Pool{}
	for _, name := range slices.Sorted(maps.Keys(ps)) {
		p := ps[name]
		for _, m := range p.members {
			p.Members = append(p.Members, *m)
		}
		slices.SortFunc(p.Members, func(a, b Instance) int {
			return cmp.Or(compareBool(b.Out, a.Out), cmp.Compare(a.Address, b.Address))
		})
		p.Members = p.Members[:min(len(p.Members), maxInstances)]
		all = append(all, p.Pool)
	}
	return all
}

// compareBool orders false before true.
func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}
