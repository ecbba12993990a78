package tlsfiles_test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/server/internal/testcert"
	"github.com/typedkit/endpoint/server/internal/tlsfiles"
)

// folder has the files of a source.
type folder struct {
	t      *testing.T
	dir    string
	ca     *testcert.Authority
	end    time.Time
	events []string
}

func newFolder(t *testing.T) *folder {
	t.Helper()
	ca, err := testcert.NewAuthority()
	require.NoError(t, err)
	f := &folder{t: t, dir: t.TempDir(), ca: ca, end: time.Unix(4e9, 0).UTC()}
	f.write(f.issue())
	return f
}

// issue returns a certificate, with the serial number 2, 3 and so on.
func (f *folder) issue() testcert.Pair {
	f.t.Helper()
	f.end = f.end.Add(time.Hour)
	pair, err := f.ca.Issue("x", f.end)
	require.NoError(f.t, err)
	return pair
}

func (f *folder) write(p testcert.Pair) {
	f.t.Helper()
	require.NoError(f.t, p.Write(f.dir))
}

func (f *folder) files() tlsfiles.Files {
	return tlsfiles.Files{Certificate: filepath.Join(f.dir, "tls.crt"), Key: filepath.Join(f.dir, "tls.key")}
}

// source returns the source of the files, which notes its events.
func (f *folder) source(files tlsfiles.Files) *tlsfiles.Source {
	f.t.Helper()
	s, err := tlsfiles.New(files, tls.VersionTLS12)
	require.NoError(f.t, err)
	s.Notify(func(e tlsfiles.Event) {
		text := "until " + e.Expires.UTC().Format(time.DateTime)
		if e.Err != nil {
			text = strings.ReplaceAll(e.Err.Error(), f.dir+"/", "") + ", " + text
		}
		f.events = append(f.events, text)
	})
	return s
}

// connect returns what the client learns of a new connection.
func (f *folder) connect(server *tls.Config, change func(c *tls.Config)) (tls.ConnectionState, error) {
	f.t.Helper()
	near, far := net.Pipe()
	c := &tls.Config{ServerName: "x", RootCAs: f.ca.Pool(), MinVersion: tls.VersionTLS12}
	if change != nil {
		change(c)
	}
	client, served := tls.Client(near, c), make(chan error, 1)
	go func() {
		s := tls.Server(far, server)
		err := s.Handshake()
		if err == nil {
			_, err = s.Write([]byte("x"))
		}
		served <- err
		_ = far.Close()
	}()
	err := client.Handshake()
	if err == nil {
		_, err = client.Read(make([]byte, 1)) // over TLS 1.3 a client is refused after its handshake
	}
	state := client.ConnectionState()
	_ = near.Close()
	return state, errors.Join(err, <-served)
}

// serial returns the serial number of the certificate that a new connection gets.
func (f *folder) serial(s *tls.Config) int64 {
	f.t.Helper()
	state, err := f.connect(s, nil)
	require.NoError(f.t, err)
	return state.PeerCertificates[0].SerialNumber.Int64()
}

// wait lets the time pass after which the files are looked at.
func wait(d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	<-timer.C
}

func TestReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFolder(t)
		s := f.source(f.files())
		require.Equal(t, f.end, s.Expires().UTC())
		c := s.Config()
		require.EqualValues(t, 2, f.serial(c))
		f.write(f.issue())
		wait(tlsfiles.Interval - 1)
		require.EqualValues(t, 2, f.serial(c))
		wait(1)
		require.EqualValues(t, 3, f.serial(c))
		f.write(f.issue())
		wait(tlsfiles.Interval - 1)
		require.EqualValues(t, 3, f.serial(c))
		wait(1)
		require.EqualValues(t, 4, f.serial(c))
		wait(time.Hour)
		require.EqualValues(t, 4, f.serial(c))
		require.Equal(t, []string{"until 2096-10-02 09:06:40", "until 2096-10-02 10:06:40"}, f.events)
		require.Equal(t, f.end, s.Expires().UTC())
	})
}

// TestReplacedByLink has files as Kubernetes mounts them: links into a folder that is
// itself a link, which is replaced.
func TestReplacedByLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFolder(t)
		for i, name := range []string{"one", "two"} {
			require.NoError(t, os.Mkdir(filepath.Join(f.dir, name), 0o700))
			require.NoError(t, f.issue().Write(filepath.Join(f.dir, name)), i)
		}
		require.NoError(t, os.Symlink("one", filepath.Join(f.dir, "..data")))
		for _, name := range []string{"tls.crt", "tls.key"} {
			require.NoError(t, os.Remove(filepath.Join(f.dir, name)))
			require.NoError(t, os.Symlink("..data/"+name, filepath.Join(f.dir, name)))
		}
		s := f.source(f.files()).Config()
		require.EqualValues(t, 3, f.serial(s))
		require.NoError(t, os.Symlink("two", filepath.Join(f.dir, "..data_tmp")))
		require.NoError(t, os.Rename(filepath.Join(f.dir, "..data_tmp"), filepath.Join(f.dir, "..data")))
		wait(tlsfiles.Interval)
		require.EqualValues(t, 4, f.serial(s))
	})
}

// TestBroken has files that are incomplete for a while.
func TestBroken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFolder(t)
		s := f.source(f.files()).Config()
		next := f.issue()
		for _, step := range []struct {
			do   func() error
			want int64
		}{
			{func() error { return testcert.Write(filepath.Join(f.dir, "tls.crt"), next.Certificate) }, 2},
			{func() error { return os.Remove(filepath.Join(f.dir, "tls.key")) }, 2},
			{func() error { return testcert.Write(filepath.Join(f.dir, "tls.key"), next.Key[:20]) }, 2},
			{func() error { return testcert.Write(filepath.Join(f.dir, "tls.key"), next.Key) }, 3},
			{func() error { return os.WriteFile(filepath.Join(f.dir, "tls.key"), make([]byte, 1<<20+1), 0o600) }, 3},
			{func() error { return testcert.Write(filepath.Join(f.dir, "tls.key"), next.Key) }, 3},
		} {
			require.NoError(t, step.do())
			for range 3 {
				wait(tlsfiles.Interval)
				require.Equal(t, step.want, f.serial(s))
			}
		}
		const before, after = "until 2096-10-02 08:06:40", "until 2096-10-02 09:06:40"
		require.Equal(t, []string{
			"tls.crt and tls.key are not a certificate and its key: tls: private key does not match public key, " + before,
			"open tls.key: no such file or directory, " + before,
			"tls.crt and tls.key are not a certificate and its key: tls: failed to find any PEM data in key input, " + before,
			after,
			"tls.key has more than 1048576 bytes, " + after,
			after,
		}, f.events)
	})
}

func TestNewFails(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	s, err := tlsfiles.New(tlsfiles.Files{Certificate: f.dir + "/none", Key: f.dir + "/tls.key", ClientCAs: f.dir + "/cas"}, tls.VersionTLS12)
	require.ErrorContains(t, err, "none: no such file")
	require.ErrorContains(t, err, "cas: no such file")
	require.Zero(t, s.Expires())
	_, err = f.connect(s.Config(), nil)
	require.ErrorContains(t, err, "none: no such file")

	files := f.files()
	files.ClientCAs = files.Key
	s, err = tlsfiles.New(files, tls.VersionTLS12)
	require.ErrorContains(t, err, "tls.key has no certificates")
	_, err = f.connect(s.Config(), nil)
	require.ErrorContains(t, err, "tls.key has no certificates")

	_, err = tlsfiles.New(tlsfiles.Files{}, tls.VersionTLS12)
	require.ErrorContains(t, err, "no such file")

	s, err = tlsfiles.New(tlsfiles.Files{Certificate: f.dir + "/none", Key: f.dir + "/tls.key"}, tls.VersionTLS12)
	require.Error(t, err)
	_, err = f.connect(s.Config(), nil)
	require.ErrorContains(t, err, "none: no such file")
}

// TestClientCAs has clients of authorities that come and go.
func TestClientCAs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFolder(t)
		files := f.files()
		files.ClientCAs = filepath.Join(f.dir, "cas")
		other, err := testcert.NewAuthority()
		require.NoError(t, err)
		require.NoError(t, testcert.Write(files.ClientCAs, f.ca.PEM()))
		s := f.source(files).Config()
		cache := tls.NewLRUClientSessionCache(10)
		by := func(a *testcert.Authority) func(c *tls.Config) {
			pair, err := a.Issue("client", f.end)
			require.NoError(t, err)
			certificate, err := pair.TLS()
			require.NoError(t, err)
			return func(c *tls.Config) {
				c.Certificates, c.ClientSessionCache = []tls.Certificate{certificate}, cache
				c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil }
			}
		}
		first, second := by(f.ca), by(other)
		_, err = f.connect(s, nil)
		require.ErrorContains(t, err, "didn't provide a certificate")
		_, err = f.connect(s, second)
		require.ErrorContains(t, err, "unknown authority")
		for range 2 {
			state, err := f.connect(s, first)
			require.NoError(t, err)
			require.False(t, state.DidResume)
		}
		require.NoError(t, testcert.Write(files.ClientCAs, other.PEM()))
		wait(tlsfiles.Interval)
		_, err = f.connect(s, first)
		require.ErrorContains(t, err, "unknown authority")
		_, err = f.connect(s, second)
		require.NoError(t, err)
		require.Len(t, f.events, 1)

		f.write(f.issue())
		wait(tlsfiles.Interval)
		state, err := f.connect(s, second)
		require.NoError(t, err)
		require.EqualValues(t, 4, state.PeerCertificates[0].SerialNumber.Int64())
	})
}

// TestConfig has the protocols and versions of connections, with client certificates and
// without.
func TestConfig(t *testing.T) {
	t.Parallel()
	f := newFolder(t)
	require.NoError(t, os.WriteFile(filepath.Join(f.dir, "cas"), f.ca.PEM(), 0o600))
	pair, err := f.issue().TLS()
	require.NoError(t, err)
	for _, cas := range []string{"", filepath.Join(f.dir, "cas")} {
		for _, minimum := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			files := f.files()
			files.ClientCAs = cas
			s, err := tlsfiles.New(files, minimum)
			require.NoError(t, err)
			for _, tt := range []struct{ offers, got string }{{"h2", "h2"}, {"http/1.1", "http/1.1"}, {"http/1.1 h2", "h2"}, {"", ""}} {
				state, err := f.connect(s.Config(), func(c *tls.Config) {
					c.NextProtos, c.Certificates = strings.Fields(tt.offers), []tls.Certificate{pair}
				})
				require.NoError(t, err)
				require.Equal(t, tt.got, state.NegotiatedProtocol, fmt.Sprint(cas, minimum))
			}
			for version, ok := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: minimum == tls.VersionTLS12, tls.VersionTLS13: true} {
				_, err := f.connect(s.Config(), func(c *tls.Config) {
					c.MinVersion, c.MaxVersion, c.Certificates = version, version, []tls.Certificate{pair}
				})
				require.Equal(t, ok, err == nil, tls.VersionName(version))
			}
		}
	}
}
