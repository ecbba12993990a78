package programtest

import (
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Shell runs the commands of a README that builds programs of this module, starts
// them, and makes requests. Their ports are free ones in place of those that the
// README names.
type Shell struct {
	// Processes are those that were started, Requests how many were made.
	Processes []*Process
	Requests  int

	bin   string
	addrs []string // of the README, each before that which is used
}

// NewShell returns a Shell that ran no command.
func NewShell(t *testing.T) *Shell {
	t.Helper()
	return &Shell{bin: t.TempDir()}
}

// Run runs a command: go build, a program that was built, or curl.
func (s *Shell) Run(t *testing.T, c Command) {
	t.Helper()
	switch program := c.Args[0]; {
	case program == "GOTOOLCHAIN=auto":
		pkg, ok := strings.CutPrefix(c.Args[len(c.Args)-1], "./examples/")
		require.True(t, ok, "%q", c.Args)
		build(t, s.bin, "github.com/typedkit/endpoint/examples/"+pkg)
	case strings.HasPrefix(program, "./"):
		s.launch(t, c)
	case program == "curl":
		c.At(s.addresses()).Curl(t)
		s.Requests++
	default:
		t.Fatalf("the README has a command that the test does not know: %q", c.Args)
	}
}

// launch starts a program. The values of flags whose names end with "listen" or "addr" are
// where it listens, in the order of its listeners.
func (s *Shell) launch(t *testing.T, c Command) {
	t.Helper()
	args := slices.Clone(c.At(s.addresses()).Args)
	var named []string
	for i := 1; i+1 < len(args); i++ {
		if strings.HasSuffix(args[i], "listen") || strings.HasSuffix(args[i], "addr") {
			named = append(named, c.Args[i+1])
			args[i+1] = "127.0.0.1:0"
		}
	}
	require.NotEmpty(t, named, "%q", c.Args)
	p := Launch(t, filepath.Join(s.bin, args[0]), args[1:]...)
	for _, readme := range named {
		_, addr := p.Listening(t)
		s.addrs = append(s.addrs, readme, addr)
	}
	s.Processes = append(s.Processes, p)
}

// addresses replaces those of the README by those that are used.
func (s *Shell) addresses() *strings.Replacer { return strings.NewReplacer(s.addrs...) }

// Post sends {"s":"a"} to an address of the README with a path, and returns the
// status.
func (s *Shell) Post(t *testing.T, url string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+s.addresses().Replace(url), strings.NewReader(`{"s":"a"}`))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	_ = resp.Body.Close()
	return resp.StatusCode
}
