package programtest

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
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

	root string // the folder in which it begins
	dir  string // from the root
	bin  string
	env  []string
	jobs []*job // that were started since none was left

	addrs []string // of the README, each before that which is used
}

// A job is a program that was started.
type job struct {
	*Process // nil for one of Other

	addrs []string // of the README
}

// NewShell returns a Shell that ran no command, in the root of the repository.
func NewShell(t *testing.T) *Shell {
	t.Helper()
	return &Shell{root: root(t), bin: t.TempDir()}
}

// Run runs a command: cd, mkdir, export, go build -o bin/, go mod, a program that was built,
// curl, kill %N, or a program of Other.
func (s *Shell) Run(t *testing.T, c Command) {
	t.Helper()
	switch program := c.Args[0]; {
	case program == "cd":
		s.dir = c.Args[1]
	case program == "mkdir":
		require.NoError(t, os.MkdirAll(s.path(c.Args[1]), 0o700))
	case program == "export":
		s.env = append(s.env, c.Args[1:]...)
	case program == "kill":
		s.kill(t, c)
	case program == "go" && c.Args[1] != "run", strings.Contains(program, "="):
		s.build(t, c)
	case strings.HasPrefix(program, "./bin/"):
		s.launch(t, c)
	case program == "curl":
		c.At(s.addresses()).Curl(t)
		s.Requests++
	case s.Other != nil:
		readme, addr := s.Other(t, c)
		s.addrs = append(s.addrs, readme, addr)
		s.jobs = append(s.jobs, &job{addrs: []string{readme}})
	default:
		t.Fatalf("the README has a command that the test does not know: %q", c.Args)
	}
}

// build runs "VARIABLE=value… go build -o bin/ PACKAGE…", with another folder for bin, and
// "go mod".
func (s *Shell) build(t *testing.T, c Command) {
	t.Helper()
	i := slices.Index(c.Args, "go")
	require.GreaterOrEqual(t, i, 0, "%q", c.Args)
	var cmd *exec.Cmd
	if c.Args[i+1] == "mod" {
		cmd = exec.CommandContext(t.Context(), Find(t, "go"), c.Args[i+1:]...)
	} else {
		require.Equal(t, []string{"go", "build", "-o", "bin/"}, c.Args[i:i+4])
		cmd = goBuild(t, s.bin, c.Args[i+4:]...)
	}
	cmd.Dir = s.path("")
	cmd.Env = slices.Concat(os.Environ(), s.env, c.Args[:i])
	finish(t, cmd)
}

// Program returns the file of a program that was built.
func (s *Shell) Program(name string) string { return filepath.Join(s.bin, name) }

// path returns the path of a file in the folder of the shell.
func (s *Shell) path(name string) string { return filepath.Join(s.root, s.dir, name) }

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
	p := Launch(t, s.Program(filepath.Base(args[0])), args[1:]...)
	for _, readme := range named {
		_, addr := p.Listening(t)
		s.addrs = append(s.addrs, readme, addr)
	}
	s.Processes = append(s.Processes, p)
	s.jobs = append(s.jobs, &job{p, named})
}

// kill stops the program with the number that a shell gives it: "kill %1".
func (s *Shell) kill(t *testing.T, c Command) {
	t.Helper()
	require.Len(t, c.Args, 2, "%q", c.Args)
	n, err := strconv.Atoi(strings.TrimPrefix(c.Args[1], "%"))
	require.NoError(t, err, "%q", c.Args)
	require.LessOrEqual(t, n, len(s.jobs), "%q", c.Args)
	j := s.jobs[n-1]
	require.NotNil(t, j, "%q: it was stopped before", c.Args)
	if j.Process != nil {
		j.Stop(t)
	}
	s.jobs[n-1] = nil
	if slices.IndexFunc(s.jobs, func(j *job) bool { return j != nil }) >= 0 {
		return
	}
	s.jobs, s.addrs = nil, nil
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
