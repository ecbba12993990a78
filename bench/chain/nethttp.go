package main

import (
	"encoding/binary"
	"io"
	"net/http"
)

// passHTTP and gateHTTP are middlewares of net/http.

//go:noinline
func passHTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
	})
}

// gateHTTP learns whether the call failed from the writer. In real life it would
// have to wrap the writer for it, which costs an allocation for each layer; this
// one is spared that.
//
//go:noinline
func gateHTTP(g *gate, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := g.enter(); err != nil {
			w.(*httpResponse).fail(err)
			return
		}
		next.ServeHTTP(w, r)
		g.exit(w.(*httpResponse).err)
	})
}

func chainedHTTP(h http.Handler, depth int, gates []*gate) http.Handler {
	for i := depth - 1; i >= 0; i-- {
		if gates == nil {
			h = passHTTP(h)
		} else {
			h = gateHTTP(gates[i], h)
		}
	}
	return h
}

// httpBody is a request's body of up to 256 bytes in memory.
type httpBody struct {
	data [256]byte
	rest []byte // not yet read
}

func (b *httpBody) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

func (*httpBody) Close() error { return nil }

// httpResponse is the smallest writer that keeps an answer of up to 256 bytes.
type httpResponse struct {
	header http.Header
	status int
	err    error // why the status is what it is
	data   [256]byte
	n      int
}

func (w *httpResponse) Header() http.Header    { return w.header }
func (w *httpResponse) WriteHeader(status int) { w.status = status }

func (w *httpResponse) Write(p []byte) (int, error) {
	w.n += copy(w.data[w.n:], p)
	return len(p), nil
}

func (w *httpResponse) fail(err error) {
	w.err = err
	w.WriteHeader(http.StatusInternalServerError)
}

// httpService is the service behind a body of a fixed size: ID is its first
// eight bytes, Last its last eight.
type httpService struct{ buf []byte }

func (s *httpService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if _, err := io.ReadFull(r.Body, s.buf); err != nil {
		w.(*httpResponse).fail(err)
		return
	}
	id, last := readFields(s.buf)
	if id <= 0 {
		w.(*httpResponse).fail(refusal(id))
		return
	}
	writeFields(s.buf, id, last+1)
	_, _ = w.Write(s.buf) // httpResponse writes to memory
}

func readFields(data []byte) (id, last int64) {
	id = int64(binary.LittleEndian.Uint64(data))
	last = int64(binary.LittleEndian.Uint64(data[len(data)-8:]))
	return id, last
}

func writeFields(data []byte, id, last int64) {
	binary.LittleEndian.PutUint64(data, uint64(id))
	binary.LittleEndian.PutUint64(data[len(data)-8:], uint64(last))
}

// overHTTP has a request, a writer and buffers that are made once and used
// again: only the layers are measured, and not what a server does for each
// request. The bytes are copied, not encoded.
//
//go:noinline
func overHTTP(bytes, depth int, gates []*gate) subject {
	h := chainedHTTP(&httpService{buf: make([]byte, bytes)}, depth, gates)
	body := new(httpBody)
	r := &http.Request{Method: http.MethodPost, Body: body, ContentLength: int64(bytes)}
	w := &httpResponse{header: make(http.Header)}
	call := func(id, last int64) (int64, int64, error) {
		body.rest = body.data[:bytes]
		writeFields(body.rest, id, last)
		w.status, w.err, w.n = http.StatusOK, nil, 0
		h.ServeHTTP(w, r)
		if w.err != nil {
			return 0, 0, w.err
		}
		newID, newLast := readFields(w.data[:w.n])
		return newID, newLast, nil
	}
	return subject{
		run: func(n int) error {
			sum := int64(0)
			for range n {
				_, last, err := call(goodID, 0)
				if err != nil {
					return err
				}
				sum += last
			}
			return checkSum(sum, n)
		},
		call: call,
	}
}
