package registrytest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json/v2"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/typedkit/endpoint/discover"
)

const (
	lease  = 6 * time.Second
	beat   = lease / 12
	within = 4 * time.Second // of a request: an outage is seen before leases end
)

// A toy is the server of a small registry: it holds instances by id, each with a lease, and
// keeps them in a file.
type toy struct {
	file string

	mu      sync.Mutex // guards the fields below
	held    map[string]held
	changed chan struct{}
	version int
}

type held struct {
	Instance discover.Instance
	Until    time.Time
}

// serveToy is the main func of the server.
func serveToy(addr, dir string) error {
	r := &toy{file: filepath.Join(dir, "held.json"), held: map[string]held{}, changed: make(chan struct{})}
	if text, err := os.ReadFile(r.file); err == nil {
		if err := json.Unmarshal(text, &r.held); err != nil {
			return err
		}
	}
	go r.expire()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ready", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /{$}", r.list)
	mux.HandleFunc("PUT /{id}", r.put)
	mux.HandleFunc("DELETE /{id}", r.remove)
	return http.ListenAndServe(addr, mux) //nolint:gosec // of a test, on loopback
}

// change makes a change, if there is one, and tells of it.
func (r *toy) change(f func() bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !f() {
		return
	}
	r.version++
	close(r.changed)
	r.changed = make(chan struct{})
	text, err := json.Marshal(r.held)
	if err == nil {
		err = os.WriteFile(r.file, text, 0o600)
	}
	if err != nil {
		panic(err)
	}
}

// expire removes the instances whose leases have ended.
func (r *toy) expire() {
	for range time.NewTicker(lease / 10).C {
		r.change(func() bool {
			before := len(r.held)
			maps.DeleteFunc(r.held, func(_ string, h held) bool { return h.Until.Before(time.Now()) })
			return len(r.held) != before
		})
	}
}

func (r *toy) put(w http.ResponseWriter, req *http.Request) {
	h := held{Until: time.Now().Add(lease)}
	if err := json.UnmarshalRead(req.Body, &h.Instance); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.change(func() bool {
		_, known := r.held[req.PathValue("id")]
		r.held[req.PathValue("id")] = h
		return !known
	})
}

func (r *toy) remove(_ http.ResponseWriter, req *http.Request) {
	r.change(func() bool {
		delete(r.held, req.PathValue("id"))
		return true
	})
}

// list answers when the version is not that of the query, or after a while.
func (r *toy) list(w http.ResponseWriter, req *http.Request) {
	timer := time.NewTimer(beat / 5)
	defer timer.Stop()
	r.mu.Lock()
	for fmt.Sprint(r.version) == req.FormValue("version") {
		changed := r.changed
		r.mu.Unlock()
		select {
		case <-changed:
		case <-timer.C:
			w.WriteHeader(http.StatusNoContent)
			return
		}
		r.mu.Lock()
	}
	var set []discover.Instance
	for _, h := range r.held {
		set = append(set, h.Instance)
	}
	w.Header().Set("Version", fmt.Sprint(r.version))
	r.mu.Unlock()
	_ = json.MarshalWrite(w, discover.Sorted(set))
}

// A client is a source and a registrar of a toy.
type client struct {
	url   string
	http  *http.Client
	fault fault
}

// A fault is what a client does wrong.
type fault string

const (
	unsettled  fault = "yields what the registry knows after an outage"
	empty      fault = "yields an empty set in an outage"
	one        fault = "has one registration for each address"
	onceOnly   fault = "registers once"
	stays      fault = "takes nothing out"
	leaves     fault = "leaves a goroutine"
	incomplete fault = "yields a few instances at a time"
)

// ask makes a request. A body of nil has none.
func (c *client) ask(ctx context.Context, method, path string, body any) (*http.Response, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return c.http.Do(req)
}

func (c *client) tell(ctx context.Context, method, path string, body any) error {
	resp, err := c.ask(ctx, method, path, body)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return nil
}

// Register puts the instance again and again, under an id of its own.
func (c *client) Register(ctx context.Context, in discover.Instance) error {
	defer c.http.CloseIdleConnections()
	id := "/" + rand.Text()
	if c.fault == one {
		id = "/" + url.PathEscape(in.Addr)
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for ctx.Err() == nil {
		_ = c.tell(ctx, http.MethodPut, id, in)
		if c.fault == onceOnly {
			tick.Stop()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
		}
	}
	if c.fault == stays {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	return c.tell(ctx, http.MethodDelete, id, nil)
}

// Watch settles what it follows.
func (c *client) Watch(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	if c.fault == unsettled || c.fault == empty {
		return c.follow(ctx)
	}
	return discover.Settled(discover.SourceFunc(c.follow), 3*time.Second).Watch(ctx)
}

func (c *client) follow(ctx context.Context) iter.Seq2[[]discover.Instance, error] {
	return func(yield func([]discover.Instance, error) bool) {
		defer c.http.CloseIdleConnections()
		if c.fault == leaves {
			go func() { <-time.NewTimer(time.Minute).C }()
		}
		again := beat
		if c.fault == unsettled {
			again = beat / 50 // so that it sees what the registry knows first
		}
		tick := time.NewTicker(again)
		defer tick.Stop()
		version := ""
		for ctx.Err() == nil {
			set, next, err := c.list(ctx, version)
			if c.fault == incomplete && len(set) > 10 && !yield(set[:10], nil) {
				return
			}
			if c.fault == empty && err != nil {
				err = nil
			}
			if ctx.Err() != nil || (err != nil || next != version) && !yield(set, err) {
				return
			}
			if version = next; err != nil {
				<-tick.C
			}
		}
	}
}

// list returns the set once its version is not that of before, or the version of before.
func (c *client) list(ctx context.Context, version string) ([]discover.Instance, string, error) {
	resp, err := c.ask(ctx, http.MethodGet, "/?version="+version, nil)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode == http.StatusNoContent {
		return nil, version, nil
	}
	var set []discover.Instance
	if err := json.UnmarshalRead(resp.Body, &set); err != nil {
		return nil, "", err
	}
	return slices.Clip(set), resp.Header.Get("Version"), nil
}
