package main

import (
	"encoding/json/v2"
	"errors"
	"net"
	"net/http"
	"time"
)

// sockets are a server of each kind on a port of its own, and its client of the
// same kind.
type sockets struct {
	clients map[string]client
	servers []*http.Server
}

// listen starts the servers. They run in this process: what is measured is both
// ends.
func listen() (*sockets, error) {
	s := &sockets{clients: make(map[string]client)}
	for _, kind := range kinds() {
		if err := s.add(kind); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *sockets) add(kind string) error {
	h, err := newServer(kind)
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(l) }() // until close
	s.servers = append(s.servers, server)
	s.clients[kind], err = newClient(kind, "http://"+l.Addr().String(), http.DefaultTransport.(*http.Transport).Clone())
	return err
}

func (s *sockets) close() error {
	var errs []error
	if s != nil {
		for _, server := range s.servers {
			errs = append(errs, server.Close())
		}
	}
	return errors.Join(errs...)
}

// answer returns what a server answers to n quotes.
func answer(n int) []byte {
	var t total
	for q := range quotes(n) {
		t.add(q)
	}
	return must(json.Marshal(&t))
}

// checkAnswer compares an answer with what n quotes come to.
func checkAnswer(body []byte, n int) error {
	var t total
	if err := json.Unmarshal(body, &t); err != nil {
		return err
	}
	return t.check(n)
}
