package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestReadme runs the commands of the README: it builds the programs, starts the
// instances and the gateway, and makes the requests. Ports are free ones in
// place of those that the README names.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	s := &shell{t: t, bin: t.TempDir(), addrs: map[string]string{}}
	for _, c := range commands(string(text)) {
		s.run(c)
	}
	require.Len(t, s.processes, 4)
	require.Equal(t, 5, s.requests)

	// What the README says of instances that stop.
	require.Equal(t, 200, s.post("strings/uppercase"))
	s.processes[0].stop(t)
	require.Equal(t, 200, s.post("strings/uppercase"))
	s.processes[1].stop(t)
	require.Equal(t, 503, s.post("strings/uppercase"))
	s.processes[2].stop(t)
	s.processes[3].stop(t)
}

// A command is a line "$ …" of the README with what stands below it.
type command struct{ line, answer string }

// commands returns those of the indented blocks.
func commands(text string) []command {
	var all []command
	open := false
	for line := range strings.Lines(text) {
		line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		start, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case indented && isCommand:
			all, open = append(all, command{line: start}), true
		case !indented:
			open = false
		case open:
			all[len(all)-1].answer += line + "\n"
		}
	}
	return all
}

// A shell runs commands.
type shell struct {
	t         *testing.T
	bin       string            // the folder of the programs
	addrs     map[string]string // of the README, to those that are used
	processes []*process
	requests  int
}

func (s *shell) run(c command) {
	s.t.Helper()
	switch words := strings.Fields(strings.TrimSuffix(c.line, " &")); words[0] {
	case "GOTOOLCHAIN=auto":
		s.build(words[len(words)-1])
	case "./stringsvc", "./profilesvc", "./apigateway":
		s.launch(words[0], words[1:])
	case "curl":
		s.curl(c)
	default:
		s.t.Fatalf("the README has a command that the test does not know: %s", c.line)
	}
}

func (s *shell) build(pkg string) {
	s.t.Helper()
	pkg, ok := strings.CutPrefix(pkg, "./examples/")
	require.True(s.t, ok, pkg)
	tool, err := exec.LookPath("go")
	if err != nil {
		if os.Getenv("ENDPOINT_CI") != "" {
			s.t.Fatal("the go command is missing: ", err)
		}
		s.t.Skip("the go command is missing, so the program cannot be built: ", err)
	}
	// Stamping asks git, which may not trust the owner of the checkout.
	out, err := exec.CommandContext(s.t.Context(), tool, "build", "-buildvcs=false", "-o", s.bin, "../../../"+pkg).CombinedOutput()
	require.NoError(s.t, err, "go build: %s", out)
}

// A process is the program at work.
type process struct {
	cmd    *exec.Cmd
	stderr *strings.Builder
	done   chan struct{} // closed when all of stderr was read
}

// launch starts the program. What hangs is killed after two minutes.
func (s *shell) launch(program string, args []string) {
	s.t.Helper()
	named := args[1]
	args[1] = "127.0.0.1:0"
	for i, a := range args[2:] {
		args[2+i] = s.translated(a)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), 2*time.Minute)
	s.t.Cleanup(cancel)
	p := &process{cmd: exec.CommandContext(ctx, filepath.Join(s.bin, program), args...), stderr: new(strings.Builder), done: make(chan struct{})}
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(s.t, err)
	stderr, err := p.cmd.StderrPipe()
	require.NoError(s.t, err)
	require.NoError(s.t, p.cmd.Start())
	go func() {
		defer close(p.done)
		_, _ = io.Copy(p.stderr, stderr)
	}()
	s.t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(s.t, err)
	addr, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	require.True(s.t, ok, "it prints %q", line)
	s.addrs[named] = addr
	s.processes = append(s.processes, p)
}

// translated replaces the addresses of the README by those that are used.
func (s *shell) translated(text string) string {
	for named, addr := range s.addrs {
		text = strings.ReplaceAll(text, named, addr)
	}
	return text
}

// stop ends the program as kill does.
func (p *process) stop(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	<-p.done // Wait closes the pipe: nothing may be left in it
	require.NoError(t, p.cmd.Wait(), "the log:\n%s", p.stderr)
	require.Contains(t, p.stderr.String(), "msg=stopping")
}

// curl makes the request that curl would make.
func (s *shell) curl(c command) {
	s.t.Helper()
	method, body := http.MethodGet, ""
	if parts := strings.Split(c.line, "'"); len(parts) == 3 {
		method, body = http.MethodPost, parts[1]
		require.Equal(s.t, "curl --json ", parts[0])
	}
	words := strings.Fields(c.line)
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.translated(words[len(words)-1]), strings.NewReader(body))
	require.NoError(s.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json")
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(s.t, err)
	require.Equal(s.t, strings.TrimSpace(c.answer), strings.TrimSpace(string(answer)), "%s", c.line)
	s.requests++
}

// post asks the gateway and returns the status.
func (s *shell) post(path string) int {
	s.t.Helper()
	resp, err := http.Post("http://"+s.translated("localhost:8080")+"/"+path, "application/json", strings.NewReader(`{"s":"a"}`)) //nolint:noctx // it cannot hang: the programs are killed
	require.NoError(s.t, err)
	_ = resp.Body.Close()
	return resp.StatusCode
}
