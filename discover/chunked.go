package discover

import "slices"

// A chunked is a list that never changes. It is made of chunks, so that a list in
// which a few elements differ shares nearly all of its memory with the list before:
// a change of one element among thousands copies one chunk or two.
type chunked[T any] struct {
	n      int
	chunks []*chunk[T]
}

// chunkSize is the number of elements in a chunk. 128 seats are 2 KB, and 10,000 of
// them are 79 chunks.
const chunkSize = 128

type chunk[T any] [chunkSize]T

// chunkedOf returns the list of all.
func chunkedOf[T any](all []T) chunked[T] {
	c := chunked[T]{n: len(all)}
	for part := range slices.Chunk(all, chunkSize) {
		own := &chunk[T]{}
		copy(own[:], part)
		c.chunks = append(c.chunks, own)
	}
	return c
}

// at returns the element at a place, which must be less than n.
func (c *chunked[T]) at(i int) *T { return &c.chunks[uint(i)/chunkSize][uint(i)%chunkSize] }

// with returns a list of n elements: at these places those that at returns, and
// elsewhere those of c. It calls at for places below n only.
func (c chunked[T]) with(n int, places []int, at func(place int) T) chunked[T] {
	chunks := make([]*chunk[T], (n+chunkSize-1)/chunkSize)
	shared := copy(chunks, c.chunks)
	for _, i := range places {
		k := i / chunkSize
		if k >= len(chunks) {
			continue
		}
		switch {
		case chunks[k] == nil:
			chunks[k] = &chunk[T]{}
		case k < shared && chunks[k] == c.chunks[k]:
			own := *chunks[k]
			chunks[k] = &own
		}
		var element T // of a place beyond n, so that nothing is kept alive there
		if i < n {
			element = at(i)
		}
		chunks[k][i%chunkSize] = element
	}
	return chunked[T]{n, chunks}
}
