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

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// connections is how many requests the server has at the same time. With one, it
// would fall asleep after each, and its way there and back would be a large part of
// the time.
const connections = 16

// socketWindows is how many windows long one is where sockets are in it: on which
// core the system has a thread changes what a request costs, so a window has to be
// long enough for some of that.
const socketWindows = 60

// clientWindows is the same where Go's scheduler is in it as well, on both cores.
const clientWindows = 120

// socketShapes are measured over sockets.
func socketShapes() []string { return []string{smallPOST, largePOST} }

// socketGroup names what is measured of a shape over a socket.
func socketGroup(shape string) string { return shape + ", server's CPU" }

// socketCases returns what is measured of the server's processor time. The client
// is as small as can be: it writes bytes and compares bytes.
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
			cases = append(cases, measure.Case{Group: group, Kind: kind, Windows: socketWindows, Clock: server.cpu, Run: func(n int) error {
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

// run makes n requests: one on each connection, then it waits for the answers.
func (c clients) run(n int) error {
	for n > 0 {
		busy := c[:min(n, len(c))]
		for _, client := range busy {
			if err := client.send(); err != nil {
				return err
			}
		}
		for _, client := range busy {
			if err := client.receive(); err != nil {
				return err
			}
		}
		n -= len(busy)
	}
	return nil
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
	if err := c.send(); err != nil {
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

func (c *rawClient) send() error {
	_, err := c.conn.Write(c.request)
	return err
}

// receive compares the beginning of an answer and its body with those of the one
// that was checked.
func (c *rawClient) receive() error {
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
