package main

// The requests and the responses: structs of 16, 64 and 256 bytes. They hold no
// pointers, which is the cheapest that a boxed value can be: the garbage
// collector does not look into it. The last field shows that a whole value
// arrived.

type record16 struct {
	ID, Last int64
}

type record64 struct {
	ID               int64
	A, B, C, D, E, F int64
	Last             int64
}

type record256 struct {
	ID   int64
	Rest [30]int64
	Last int64
}
