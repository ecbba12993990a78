package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// connections is how many clients ask the server at the same time. With one, the
// server would fall asleep after each request, and its way there and back would
// be a large part of the time.
const connections = 8

// socketShapes are measured over sockets.
func socketShapes() []string { return []string{smallPOST, largePOST} }

// socketGroup names what is measured of a shape over a socket.
func socketGroup(shape string) string { return shape + ", server's CPU" }

// socketCases returns what is measured of the server's processor time. The
// clients are as small as can be: they write bytes and count bytes.
func socketCases(server *serverProcess) ([]measure.Case, error) {
	var cases []measure.Case
	for _, s := range shapes() {
		if !slices.Contains(socketShapes(), s.name) {
			continue
		}
		for _, kind := range served() {
			group := socketGroup(s.name)
			clients, err := dial(s, server.address(kind))
			if err != nil {
				return nil, fmt.Errorf("%s, %s: wrong before anything was timed: %w", group, kind, err)
			}
			cases = append(cases, measure.Case{Group: group, Kind: kind, Windows: manyCollections, Clock: server.cpu, Run: func(n int) error {
				return clients.run(n)
			}})
		}
	}
	return cases, nil
}

// clients are connections on which the same request is made again and again.
type clients []*rawClient

// dial connects and checks an answer on each connection.
func dial(s *shape, address string) (clients, error) {
	all := make(clients, connections)
	for i := range all {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return nil, err
		}
		all[i] = &rawClient{conn: conn, request: wire(s, address)}
		if err := all[i].check(s); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// wire returns a request as it is written to a socket.
func wire(s *shape, address string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", s.method, s.target, address)
	_ = s.header().Write(&b)
	if s.body != nil {
		fmt.Fprintf(&b, "Content-Length: %d\r\n", len(s.body))
	}
	b.WriteString("\r\n")
	b.Write(s.body)
	return b.Bytes()
}

// run makes n requests, shared by the connections, each waiting for the answer
// before it makes the next.
func (c clients) run(n int) error {
	errs := make([]error, len(c))
	var wg sync.WaitGroup
	for i, client := range c {
		share := n / len(c)
		if i < n%len(c) {
			share++
		}
		wg.Go(func() {
			for range share {
				if err := client.call(); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// rawClient is one connection. Answers have the same length each time: of their
// headers only the date changes.
type rawClient struct {
	conn    net.Conn
	request []byte
	want    []byte // the answer that was checked
	answer  []byte
	body    int // where in the answer its body begins
}

// check makes one request and looks at its answer in full.
func (c *rawClient) check(s *shape) error {
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	var seen bytes.Buffer
	resp, err := http.ReadResponse(bufio.NewReader(io.TeeReader(c.conn, &seen)), nil)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.ContentLength != int64(len(body)) {
		return fmt.Errorf("the answer says that it has %d bytes, and has %d", resp.ContentLength, len(body))
	}
	c.want = seen.Bytes()
	c.answer = make([]byte, len(c.want))
	c.body = len(c.want) - len(body)
	return s.checkAnswer(resp.StatusCode, resp.Header, body)
}

var errAnswer = errors.New("another answer than before")

// call makes one request and compares the beginning of its answer and its body
// with those of the one that was checked.
func (c *rawClient) call() error {
	if _, err := c.conn.Write(c.request); err != nil {
		return err
	}
	if _, err := io.ReadFull(c.conn, c.answer); err != nil {
		return err
	}
	const statusLine = len("HTTP/1.1 200")
	if !bytes.Equal(c.answer[:statusLine], c.want[:statusLine]) || !bytes.Equal(c.answer[c.body:], c.want[c.body:]) {
		return errAnswer
	}
	return nil
}

func (c clients) close() {
	for _, client := range c {
		_ = client.conn.Close()
	}
}
