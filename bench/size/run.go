package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// subjectMount is the program http with many routes, of which the time and the memory
// of Mount are measured. The other subjects are the variants.
const subjectMount = "mount"

// subjects returns all that is measured, in the order of the tables.
func subjects() []string { return append(variants(), subjectMount) }

// A measured is what came of a run.
type measured struct {
	endpoints int // of the larger programs
	costs     []cost
	routes    int
	mount     *mounting // nil if it was not measured
	listings  string    // of the symbols
}

// A cost is what one more endpoint of a variant costs.
type cost struct {
	variant string
	// bytes are those of the stripped binary.
	bytes float64
	// cpu has the compiler's processor time, in milliseconds, of each round.
	cpu []float64
}

// A mounting is what it took to mount routes, in each start of the program.
type mounting struct {
	// ms is how long it took, in milliseconds.
	ms []float64
	// first are the bytes of memory for one route of a first Mount, which include what
	// packages keep of each type, and bytes are those of the route alone.
	first, bytes []float64
}

// A pair is two programs that differ in the number of endpoints.
type pair struct {
	one, many *build
}

// more returns how many endpoints many has more.
func (p pair) more() float64 { return float64(p.many.endpoints - p.one.endpoints) }

// bytes returns how much of the binary is that of one more endpoint.
func (p pair) bytes() float64 { return float64(p.many.bytes-p.one.bytes) / p.more() }

// cpu returns how much processor time of the compiler, in milliseconds, is that of one
// more endpoint.
func (p pair) cpu(one, many time.Duration) float64 {
	return float64(many-one) / float64(time.Millisecond) / p.more()
}

// measure builds the programs and runs them, and compiles them again in each round but
// the first, for which the builds count.
func (w *workshop) measure(ctx context.Context, o options, progress *measure.Progress) (*measured, error) {
	m := &measured{endpoints: o.endpoints, routes: o.routes}
	var pairs []pair
	var routes *build
	for i, subject := range o.only {
		progress.Step("building "+subject, i, len(o.only))
		var err error
		if subject == subjectMount {
			routes, err = w.checked(ctx, variantHTTP, o.routes)
		} else {
			var p pair
			if p, err = w.pair(ctx, subject, o.endpoints); err == nil {
				pairs = append(pairs, p)
				one, many := time.Duration(p.one.compile.Nanos), time.Duration(p.many.compile.Nanos)
				m.costs = append(m.costs, cost{subject, p.bytes(), []float64{p.cpu(one, many)}})
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if routes != nil {
		m.mount = &mounting{}
	}
	for round := range o.Rounds {
		progress.Step(fmt.Sprintf("round %d of %d", round+1, o.Rounds), round, o.Rounds)
		if routes != nil {
			if err := m.mount.add(ctx, routes); err != nil {
				return nil, err
			}
		}
		if round == 0 {
			continue
		}
		for i, p := range pairs {
			ms, err := p.again(ctx)
			if err != nil {
				return nil, err
			}
			m.costs[i].cpu = append(m.costs[i].cpu, ms)
		}
	}
	if o.list > 0 {
		for _, p := range pairs {
			text, err := w.listing(ctx, p, o.list)
			if err != nil {
				return nil, err
			}
			m.listings += text
		}
	}
	return m, nil
}

// pair builds a variant with one endpoint and with many.
func (w *workshop) pair(ctx context.Context, variant string, many int) (p pair, err error) {
	if p.one, err = w.checked(ctx, variant, 1); err == nil {
		p.many, err = w.checked(ctx, variant, many)
	}
	return p, err
}

// checked returns a program that was run once, which checked that its endpoints answer
// right. A program is built only once.
func (w *workshop) checked(ctx context.Context, variant string, endpoints int) (*build, error) {
	i := slices.IndexFunc(w.built, func(b *build) bool { return b.variant == variant && b.endpoints == endpoints })
	if i >= 0 {
		return w.built[i], nil
	}
	b, err := w.build(ctx, variant, endpoints)
	if err != nil {
		return nil, err
	}
	if _, err := b.run(ctx); err != nil {
		return nil, err
	}
	w.built = append(w.built, b)
	return b, nil
}

// again compiles both programs again.
func (p pair) again(ctx context.Context) (ms float64, err error) {
	one, err := p.one.recompile(ctx)
	if err != nil {
		return 0, err
	}
	many, err := p.many.recompile(ctx)
	return p.cpu(one, many), err
}

// add starts the program, which prints what it took to mount its routes.
func (m *mounting) add(ctx context.Context, b *build) error {
	out, err := b.run(ctx)
	if err != nil {
		return err
	}
	var routes, ns, first, bytes int
	if _, err := fmt.Sscan(out, &routes, &ns, &first, &bytes); err != nil || routes != b.endpoints {
		return fmt.Errorf("the program with %d routes printed %q", b.endpoints, out)
	}
	m.ms = append(m.ms, float64(ns)/1e6)
	m.first = append(m.first, float64(first)/float64(routes))
	m.bytes = append(m.bytes, float64(bytes)/float64(routes))
	return nil
}

// listing lists the first symbols of which one more endpoint has bytes.
func (w *workshop) listing(ctx context.Context, p pair, first int) (string, error) {
	one, err := w.list(ctx, p.one)
	if err != nil {
		return "", err
	}
	many, err := w.list(ctx, p.many)
	if err != nil {
		return "", err
	}
	entries, sections := perEndpoint(one, many, int(p.more()))
	return "\n" + p.one.variant + "\n\n" + listed(entries, sections, first), nil
}

// of returns the cost of a variant, or nil if it was not measured.
func (m *measured) of(variant string) *cost {
	i := slices.IndexFunc(m.costs, func(c cost) bool { return c.variant == variant })
	if i < 0 {
		return nil
	}
	return &m.costs[i]
}
