package endpointtest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/typedkit/endpoint/endpointtest"
)

// serve runs an HTTP server over a Listener, and ends both with the test.
func serve(t *testing.T, handler http.Handler) (*endpointtest.Listener, *http.Client) {
	t.Helper()
	l := endpointtest.NewListener()
	server := &http.Server{Handler: handler}
	served := make(chan error)
	go func() { served <- server.Serve(l) }()
	transport := &http.Transport{DialContext: l.Dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		if err := server.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("Serve = %v, want %v", err, http.ErrServerClosed)
		}
	})
	return l, &http.Client{Transport: transport}
}

func TestListenerHTTP(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l, client := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				t.Errorf("RemoteAddr %q: %v", r.RemoteAddr, err)
			}
			time.Sleep(time.Hour)
			_, _ = io.WriteString(w, "hello "+host)
		}))
		start := time.Now()
		resp, err := client.Get("http://" + l.Addr().String() + "/")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "hello 192.0.2.2" {
			t.Errorf("the body is %q (error %v), want %q", body, err, "hello 192.0.2.2")
		}
		if took := time.Since(start); took != time.Hour {
			t.Errorf("the call took %v of fake time, want 1h", took)
		}
	})
}

func TestListenerDeadline(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan struct{})
		_, client := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			close(gone)
		}))
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://service.test/", http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("Do after %v = %v, want %v after 5s", time.Since(start), err, context.DeadlineExceeded)
		}
		<-gone // the server sees that the client has gone
	})
}

func TestListenerClose(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		wait func(ctx context.Context, l *endpointtest.Listener) error
	}{
		{"Accept", func(_ context.Context, l *endpointtest.Listener) error { _, err := l.Accept(); return err }},
		{"Dial", func(ctx context.Context, l *endpointtest.Listener) error {
			_, err := l.Dial(ctx, "tcp", "x:80")
			return err
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := endpointtest.NewListener()
				waited := make(chan error, 1)
				go func() { waited <- tt.wait(t.Context(), l) }()
				synctest.Wait() // it waits now
				for range 2 {
					if err := l.Close(); err != nil {
						t.Errorf("Close = %v, want nil", err)
					}
				}
				if err := <-waited; !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s that waits at Close = %v, want %v", tt.name, err, net.ErrClosed)
				}
				if err := tt.wait(t.Context(), l); !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s after Close = %v, want %v", tt.name, err, net.ErrClosed)
				}
			})
		})
	}
}

func TestListenerDialContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := endpointtest.NewListener()
		defer l.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for _, when := range []string{"while it waits", "before it begins"} {
			c, err := l.Dial(ctx, "tcp", "x:80")
			if op, ok := errors.AsType[*net.OpError](err); c != nil || !ok || op.Op != "dial" || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("Dial with a context that ends %s = %v, %v, want a dial error of %v", when, c, err, context.DeadlineExceeded)
			}
		}
	})
}

func TestListenerAddresses(t *testing.T) {
	t.Parallel()
	l := endpointtest.NewListener()
	defer l.Close()
	seen := map[string]bool{}
	for range 3 {
		accepted := make(chan net.Conn, 1)
		go func() {
			c, err := l.Accept()
			if err != nil {
				t.Errorf("Accept: %v", err)
			}
			accepted <- c
		}()
		near, err := l.Dial(t.Context(), "tcp", "x:80")
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close()
		far := <-accepted
		if n, f := near.LocalAddr().String(), far.RemoteAddr().String(); n != f || seen[n] {
			t.Errorf("the client's address is %s and seen as %s, want one that is new and seen as it is (earlier ones: %v)", n, f, seen)
		}
		if n, f := near.RemoteAddr().String(), far.LocalAddr().String(); n != f || n != l.Addr().String() {
			t.Errorf("the server's address is %s and seen as %s, want %s", f, n, l.Addr())
		}
		seen[near.LocalAddr().String()] = true
	}
}

// TestListenerZero has a Listener that no constructor made.
func TestListenerZero(t *testing.T) {
	t.Parallel()
	var l endpointtest.Listener
	go func() {
		c, err := l.Dial(t.Context(), "", "")
		if err == nil {
			_ = c.Close()
		}
	}()
	c, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	var unused endpointtest.Listener
	if err := unused.Close(); err != nil {
		t.Error(err)
	}
	if _, err := unused.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v, want %v", err, net.ErrClosed)
	}
}
