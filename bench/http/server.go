package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// serverVariable tells a process that it is the server of another one, which
// talks to it over its standard input and output.
const serverVariable = "ENDPOINT_BENCH_SERVER"

func isServer() bool { return os.Getenv(serverVariable) != "" }

// kindNoTimeout is httpx without the bound on the time of a body, which none of
// the others has.
const kindNoTimeout = "httpx, no BodyTimeout"

// served are the kinds of handlers that are measured over sockets.
func served() []string {
	return []string{kindMount, kindNoTimeout, kindHand, kindBare, kindHandV1, kindBareV1}
}

// runServer serves each kind on a port of its own, whose addresses it prints, and
// then answers each line of input with the processor time that this process has
// used, in nanoseconds. It ends with its input, so it never outlives its parent.
func runServer(in io.Reader, out, errs io.Writer) int {
	signal.Ignore(os.Interrupt, syscall.SIGTERM) // they are the parent's to heed
	if err := serve(in, out); err != nil {
		fmt.Fprintln(errs, "server:", err)
		return 1
	}
	return 0
}

func serve(in io.Reader, out io.Writer) error {
	mount, err := mounted()
	if err != nil {
		return err
	}
	handlers := map[string]http.Handler{
		kindMount: mount, kindNoTimeout: noTimeout(),
		kindHand: byHand(), kindBare: bare(), kindHandV1: byHandV1(), kindBareV1: bareV1(),
	}
	for _, kind := range served() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		srv := &http.Server{Handler: handlers[kind], ReadHeaderTimeout: time.Minute}
		defer func() { _ = srv.Close() }()
		go func() { _ = srv.Serve(l) }() // until Close
		fmt.Fprintln(out, l.Addr())
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		used, err := measure.CPUTime()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, used.Nanoseconds())
	}
	return lines.Err()
}

// A serverProcess is a server in a process of its own.
type serverProcess struct {
	addresses []string // of served
	cmd       *exec.Cmd
	in        io.WriteCloser

	mu  sync.Mutex // one question at a time
	out *bufio.Reader
}

// startServer runs this program again as a server. It has one processor, which its
// clients keep busy: with several, the time that the others search for work and
// find none would count, which has more to do with the machine than with a
// handler.
func startServer() (*serverProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &serverProcess{cmd: exec.Command(self)}
	s.cmd.Env = append(os.Environ(), serverVariable+"=1", "GOMAXPROCS=1")
	s.cmd.Stderr = os.Stderr
	if s.in, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.out = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for range served() {
		line, err := s.line()
		if err != nil {
			return nil, errors.Join(err, s.stop())
		}
		s.addresses = append(s.addresses, line)
	}
	return s, nil
}

func (s *serverProcess) line() (string, error) {
	line, err := s.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the server said nothing: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// address returns where a kind is served.
func (s *serverProcess) address(kind string) string {
	return s.addresses[slices.Index(served(), kind)]
}

// cpu returns the processor time that the server has used.
func (s *serverProcess) cpu() (time.Duration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := io.WriteString(s.in, "cpu\n"); err != nil {
		return 0, err
	}
	line, err := s.line()
	if err != nil {
		return 0, err
	}
	ns, err := strconv.ParseInt(line, 10, 64)
	return time.Duration(ns), err
}

// stop ends the server and waits for it. A nil server has ended.
func (s *serverProcess) stop() error {
	if s == nil {
		return nil
	}
	_ = s.in.Close()
	return s.cmd.Wait()
}
