package main

import (
	"fmt"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

const about = `It measures what a balancer costs a call: to pick one of 10 to 10,000 instances and
to tell how the call ended, on one core and on two at once, with every balancer of
discover and with those of go-kit and grpc-go; and what it costs that one of 10,000
instances is another.`

func main() {
	measure.Main(measure.Program{
		Name: "pick", About: about,
		Cases:  cases,
		Report: report,
	})
}

// changeWindows is how many windows one is for what changes sets: it takes
// milliseconds.
const changeWindows = 10

// windows is how many windows one is for picks of so many instances. A window is
// as long as 100,000 picks; those of 10,000 instances come upon each of them ten
// times in it, of which the first is dearer: nothing is in a cache yet.
func windows(n int) int {
	if n >= 10_000 {
		return 10
	}
	return 1
}

// cases returns what is measured. Each subject has shown before that it picks
// every instance it should.
func cases() ([]measure.Case, error) {
	var all []measure.Case
	for _, n := range sizes() {
		for _, kind := range kinds() {
			s, err := newSubject(kind, n)
			if err == nil {
				err = s.check(n)
			}
			if err != nil {
				return nil, fmt.Errorf("%s, %d instances: wrong before anything was timed: %w", kind, n, err)
			}
			for _, cores := range coreCounts() {
				if cores > 1 && !concurrent(kind) {
					continue
				}
				all = append(all, measure.Case{Group: group(n, cores), Kind: kind, Run: onCores(cores, s.run), Windows: windows(n)})
			}
		}
	}
	for _, n := range sizes() {
		all = append(all, measure.Case{Group: group(n, 1), Kind: kindClock, Run: readClock})
	}
	changes, err := changeCases()
	return append(all, changes...), err
}

func changeCases() ([]measure.Case, error) {
	var all []measure.Case
	for _, kind := range []string{kindLeastRequest, kindKit} {
		kept, err := newChanger(kind, false)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		read, err := newChanger(kind, true)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		all = append(all,
			measure.Case{Group: groupChange, Kind: kind, Run: kept.change, Windows: changeWindows},
			measure.Case{Group: groupRead, Kind: kind, Run: read.change, Windows: changeWindows},
			measure.Case{Group: groupBeside, Kind: kind, Run: kept.beside, Windows: changeWindows})
	}
	return all, nil
}
