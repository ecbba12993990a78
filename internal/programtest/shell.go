package programtest

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Shell runs the commands of a README that builds programs, starts them, and makes
// requests. Their ports are free ones in place of those that the README names.
type Shell struct {
	// Other starts programs that the README does not build: it returns the address that the
	// README has for the one of c, and the one at which it is reached.
	Other func(t *testing.T, c Command) (readme, addr string)
	// Processes are those that were started, Requests how many were made.
	Processes []*Process
	Requests  int

	dir   string // from the root of the repository
	bin   string
	addrs []string // of the README, each before that which is used
}

// NewShell returns a Shell that ran no command, in the root of the repository.
func NewShell(t *testing.T) *Shell {
	t.Helper()
	return &Shell{bin: t.TempDir()}
}

// Run runs a command: cd, go build -o bin/, a program that was built, curl, or a program of
// Other.
func (s *Shell) Run(t *testing.T, c Command) {
	t.Helper()
	switch program := c.Args[0]; {
	case program == "cd":
		s.dir = c.Args[1]
	case strings.Contains(program, "="):
		s.build(t, c)
	case strings.HasPrefix(program, "./bin/"):
		s.launch(t, c)
	case program == "curl":
		c.At(s.addresses()).Curl(t)
		s.Requests++
	case s.Other != nil:
		readme, addr := s.Other(t, c)
		s.addrs = append(s.addrs, readme, addr)
	default:
		t.Fatalf("the README has a command that the test does not know: %q", c.Args)
	}
}

// build runs "VARIABLE=value… go build -o bin/ PACKAGE…", with another folder for bin.
func (s *Shell) build(t *testing.T, c Command) {
	t.Helper()
	i := slices.Index(c.Args, "go")
	require.Positive(t, i, "%q", c.Args)
	require.Equal(t, []string{"go", "build", "-o", "bin/"}, c.Args[i:i+4])
	cmd := goBuild(t, s.bin, c.Args[i+4:]...)
	cmd.Dir = filepath.Join(root(t), s.dir)
	cmd.Env = append(os.Environ(), c.Args[:i]...)
	finish(t, cmd)
}

// root returns the root of the repository, which has a workspace.
func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	require.NoError(t, err)
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir
		}
		require.NotEqual(t, filepath.Dir(dir), dir, "the test is not in the repository")
		dir = filepath.Dir(dir)
	}
}

// launch starts a program. The values of flags whose names end with "listen" or "addr" are
// where it listens, in the order of its listeners, unless another program listens there.
func (s *Shell) launch(t *testing.T, c Command) {
	t.Helper()
	args := slices.Clone(c.At(s.addresses()).Args)
	var named []string
	for i := 1; i+1 < len(args); i++ {
		listens := strings.HasSuffix(args[i], "listen") || strings.HasSuffix(args[i], "addr")
		if listens && args[i+1] == c.Args[i+1] {
			named = append(named, c.Args[i+1])
			args[i+1] = "127.0.0.1:0"
		}
	}
	require.NotEmpty(t, named, "%q", c.Args)
	p := Launch(t, filepath.Join(s.bin, filepath.Base(args[0])), args[1:]...)
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
