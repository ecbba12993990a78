// Package tlsfiles serves TLS with certificates from files that are replaced while the
// program runs.
package tlsfiles

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// Interval is how old what is known of the files may be when a connection begins.
const Interval = 500 * time.Millisecond

// Files names the files of a [Source], which are PEM.
type Files struct {
	// Certificate is the chain of the server, its own certificate first, and Key is the
	// private key of that.
	Certificate, Key string
	// ClientCAs are the authorities of client certificates, or empty. Then clients need
	// none.
	ClientCAs string
}

// An Event is a change of the files.
type Event struct {
	// Err is why the files cannot be used, so that what was read before stays in use. It
	// is nil after a change.
	Err error
	// Expires is the end of the certificate that is in use.
	Expires time.Time
}

// A Source is a certificate, with the authorities of client certificates. A new connection
// looks at the files, at most every [Interval], and reads them again if they have changed.
// There is no goroutine. A Source is safe for concurrent use. See decision 182.
type Source struct {
	files   Files
	minimum uint16 // version of TLS
	broken  error  // of a Source that was never loaded

	current atomic.Pointer[generation]
	notify  atomic.Pointer[func(Event)]

	reading sync.Mutex // guards the fields below, and is held while the files are read
	seen    contents   // of the last look
	looked  time.Time
}

// A generation is what was read at one time.
type generation struct {
	certificate *tls.Certificate
	config      *tls.Config // of a connection, if clients need certificates
}

// New returns a Source that has read its files. If it could not, it returns the error with
// a Source whose connections all fail with it.
func New(files Files, minimum uint16) (*Source, error) {
	s := &Source{files: files, minimum: minimum}
	seen, err := files.read()
	if err == nil {
		err = s.use(seen)
	}
	s.seen, s.broken, s.looked = seen, err, time.Now()
	return s, err
}

// Notify sets the func that is called for each event, on the goroutine of a connection.
func (s *Source) Notify(f func(Event)) { s.notify.Store(&f) }

// Expires returns the end of the certificate in use, or the zero time if there is none.
func (s *Source) Expires() time.Time {
	if g := s.current.Load(); g != nil {
		return g.certificate.Leaf.NotAfter
	}
	return time.Time{}
}

// Config returns a configuration for servers of HTTP and gRPC. They may change it, but not
// what it decides for each connection.
func (s *Source) Config() *tls.Config {
	c := s.base()
	if s.files.ClientCAs != "" {
		c.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			g, err := s.fresh()
			if err != nil {
				return nil, err
			}
			return g.config, nil
		}
	}
	// crypto/tls asks for it in any case, and net/http looks for it at the start.
	c.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		g, err := s.fresh()
		if err != nil {
			return nil, err
		}
		return g.certificate, nil
	}
	return c
}

// base returns what all configurations have. The protocols are in all of them, because
// what net/http and grpc-go add to a configuration is not in the one of a connection. A
// client of gRPC offers h2 alone.
func (s *Source) base() *tls.Config {
	return &tls.Config{MinVersion: s.minimum, NextProtos: []string{"h2", "http/1.1"}}
}

// fresh returns what is in the files, or was a short time ago.
func (s *Source) fresh() (*generation, error) {
	// Who finds others reading takes what is known: a disk that hangs holds up one
	// connection.
	if s.reading.TryLock() {
		defer s.reading.Unlock()
		if now := time.Now(); now.Sub(s.looked) >= Interval {
			s.look()
			s.looked = time.Now()
		}
	}
	g := s.current.Load()
	if g == nil {
		return nil, s.broken
	}
	return g, nil
}

// look reads the files if they have changed. s.reading is held.
func (s *Source) look() {
	seen, err := s.files.read()
	if seen.equal(s.seen) {
		return // if it was a fault, it was reported before
	}
	if err == nil {
		err = s.use(seen)
	}
	s.seen = seen
	if notify := s.notify.Load(); notify != nil {
		(*notify)(Event{Err: err, Expires: s.Expires()})
	}
}

// use parses what was read, and has new connections use it.
func (s *Source) use(c contents) error {
	pair, err := tls.X509KeyPair(c.certificate, c.key)
	if err != nil {
		return fmt.Errorf("%s and %s are not a certificate and its key: %w", s.files.Certificate, s.files.Key, err)
	}
	g := &generation{certificate: &pair}
	if s.files.ClientCAs != "" {
		authorities := x509.NewCertPool()
		if !authorities.AppendCertsFromPEM(c.clientCAs) {
			return fmt.Errorf("%s has no certificates", s.files.ClientCAs)
		}
		g.config = s.base()
		g.config.Certificates = []tls.Certificate{pair}
		g.config.ClientAuth = tls.RequireAndVerifyClientCert
		g.config.ClientCAs = authorities
		// A ticket would let a client in after its authority was taken out.
		g.config.SessionTicketsDisabled = true
	}
	s.current.Store(g)
	return nil
}
