package addsvc_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testReadme runs the commands of the README, and gets what stands below them.
func testReadme(t *testing.T, bin string) {
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	p := launch(t, bin)
	place := strings.NewReplacer("localhost:8081", p.addr["HTTP"], "localhost:8082", p.addr["gRPC"])
	for _, c := range commands(t, string(text)) {
		args := words(place.Replace(c.line))
		if args[0] == "curl" {
			c.checkCurl(t, args[1:])
			continue
		}
		got := execute(t, filepath.Join(bin, args[0]), args[1:]...)
		require.Equal(t, c.answer, strings.TrimSpace(got.stdout+got.stderr), c.line)
	}
}

// checkCurl makes the request of a line "curl --json body url".
func (c command) checkCurl(t *testing.T, args []string) {
	t.Helper()
	require.Len(t, args, 3, c.line)
	require.Equal(t, "--json", args[0], c.line)
	_, answer := post(t, "http://"+args[2], args[1])
	require.Equal(t, c.answer, answer, c.line)
}

// A command is a line "$ …" of the README.
type command struct{ line, answer string }

// commands returns the commands of the indented blocks, each with the lines
// below it up to an empty one.
func commands(t *testing.T, text string) []command {
	t.Helper()
	var all []command
	open := false
	for line := range strings.Lines(text) {
		line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		start, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case indented && isCommand:
			all, open = append(all, command{line: start}), true
		case !indented || isCommand:
			open = false
		case open:
			all[len(all)-1].answer += line
		}
	}
	require.NotEmpty(t, all)
	return all
}

// words splits a command as a shell does, of which it knows single quotes.
func words(line string) []string {
	var all []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			all = append(all, part)
		} else {
			all = append(all, strings.Fields(part)...)
		}
	}
	return all
}

// TestReadmeFull has a line of the README for each program that it talks of.
func TestReadmeFull(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("README.md")
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, c := range commands(t, string(text)) {
		seen[words(c.line)[0]] = true
	}
	require.Equal(t, map[string]bool{"curl": true, "addcli": true}, seen)
	_, err = exec.LookPath("go")
	require.NoError(t, err, "the commands are run by TestProcesses, which builds the programs")
}
