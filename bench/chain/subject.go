package main

import (
	"fmt"

	"github.com/typedkit/endpoint"
)

// procedure is the name of the service's method, where a library wants one.
const procedure = "/bench.Chain/Call"

// A subject is one chain, ready to be called.
type subject struct {
	// run calls it n times and checks the sum of the answers: this is the use of
	// the results that keeps the compiler from removing the work.
	run func(n int) error
	// call calls it once with the two fields of a request, and returns those of
	// the response: the same ID, and the successor of last.
	call func(id, last int64) (newID, newLast int64, err error)
}

// checkSum compares the sum of the Last of n answers to requests with 0 in it.
func checkSum(sum int64, n int) error {
	if sum != int64(n) {
		return fmt.Errorf("wrong answers: their sum is %d, want %d", sum, n)
	}
	return nil
}

// A maker puts together the chains of one size. gates are the layers of the
// workload "real", as many as the chain is deep; they are nil for "pass".
type maker struct {
	bytes   int
	hand    func(depth int, gates []*gate) subject
	inlined func(gates []*gate) subject
	chain   func(depth int, gates []*gate) subject
	stack   func(layers []endpoint.Layer) subject
	kit     func(depth int, gates []*gate) subject
	grpc    func(depth int, gates []*gate) (subject, error)
	connect func(depth int, gates []*gate) subject
}

func sizes() []int { return []int{16, 64, 256} }

func makers() []maker {
	return []maker{
		{16, hand16, inlined16, chain16, stack16, kit16, grpc16, connect16},
		{64, hand64, inlined64, chain64, stack64, kit64, grpc64, connect64},
		{256, hand256, inlined256, chain256, stack256, kit256, grpc256, connect256},
	}
}

// The kinds, as they are named in tables and plots.
const (
	kindHand    = "by hand"
	kindInlined = "inlined"
	kindChain   = "endpoint.Chain"
	kindStack   = "endpoint.Stack"
	kindKit     = "go-kit"
	kindGRPC    = "grpc-go"
	kindConnect = "connect-go"
	kindHTTP    = "net/http"
)

func kinds() []string {
	return []string{kindHand, kindInlined, kindChain, kindStack, kindKit, kindGRPC, kindConnect, kindHTTP}
}

// inlinedDepth is the one depth that is inlined by hand.
const inlinedDepth = 10

func depths() []int { return []int{0, 1, 5, 10} }

// The workloads: what a layer does.
const (
	workPass = "pass"
	workReal = "real"
)

func workloads() []string { return []string{workPass, workReal} }

// A variant is a subject with what it is and what belongs to it.
type variant struct {
	work  string
	bytes int
	depth int
	kind  string
	gates []*gate // of the workload "real"
	subject
}

// group names the variants that are compared with each other.
func group(work string, bytes, depth int) string {
	return fmt.Sprintf("%s, %d bytes, depth %d", work, bytes, depth)
}

// variants returns all that is measured with requests of one size.
func (m maker) variants() ([]variant, error) {
	var all []variant
	for _, work := range workloads() {
		for _, depth := range depths() {
			for _, kind := range kinds() {
				if kind == kindInlined && (work != workReal || depth != inlinedDepth) {
					continue
				}
				v, err := m.variant(work, depth, kind)
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", group(work, m.bytes, depth), kind, err)
				}
				all = append(all, v)
			}
		}
	}
	return all, nil
}

func (m maker) variant(work string, depth int, kind string) (variant, error) {
	v := variant{work: work, bytes: m.bytes, depth: depth, kind: kind}
	if work == workReal {
		v.gates = newGates(depth)
	}
	var err error
	switch kind {
	case kindHand:
		v.subject = m.hand(depth, v.gates)
	case kindInlined:
		v.subject = m.inlined(v.gates)
	case kindChain:
		v.subject = m.chain(depth, v.gates)
	case kindStack:
		v.subject = m.stack(layers(depth, v.gates))
	case kindKit:
		v.subject = m.kit(depth, v.gates)
	case kindGRPC:
		v.subject, err = m.grpc(depth, v.gates)
	case kindConnect:
		v.subject = m.connect(depth, v.gates)
	case kindHTTP:
		v.subject = overHTTP(m.bytes, depth, v.gates)
	}
	return v, err
}

// layers returns the layers of a Stack.
func layers(depth int, gates []*gate) []endpoint.Layer {
	all := make([]endpoint.Layer, depth)
	for i := range all {
		if gates == nil {
			all[i] = new(passer)
		} else {
			all[i] = gates[i]
		}
	}
	return all
}
