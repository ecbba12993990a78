package main

import (
	"errors"
	"fmt"
	"iter"
)

// A quote is an item. All have the same size in JSON.
type quote struct {
	N      int     `json:"n" sse:"id"`
	Symbol string  `json:"symbol"`
	Price  float64 `json:"price"`
	Size   int     `json:"size"`
}

// first is the number of the first quote: so large that those after it are as
// long.
const first = 1_000_000

// quotes are what every kind sends.
func quotes(n int) iter.Seq[quote] {
	return func(yield func(quote) bool) {
		for i := range n {
			if !yield(quote{N: first + i, Symbol: "ACME", Price: 123.25, Size: 400}) {
				return
			}
		}
	}
}

// total is the answer to quotes that were sent, and what a reader makes of them.
type total struct {
	Count int `json:"count"`
	Sum   int `json:"sum"`
}

func (t *total) add(q quote) {
	t.Count++
	t.Sum += q.N + q.Size + len(q.Symbol)
}

var errTotal = errors.New("other quotes arrived than were sent")

// check compares t with what n quotes come to.
func (t total) check(n int) error {
	var want total
	for q := range quotes(n) {
		want.add(q)
	}
	if t != want {
		return fmt.Errorf("%w: %+v, want %+v", errTotal, t, want)
	}
	return nil
}
