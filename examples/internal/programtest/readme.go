package programtest

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A Command is a line "$ …" of a README.
type Command struct {
	// Args are its words, the program's name first. A "&" at the end is none.
	Args []string
	// Answer is what stands below it, without the end of its last line.
	Answer string
}

// Commands returns the commands in the indented blocks of a file, each with the
// lines below it up to an empty one.
func Commands(t *testing.T, file string) []Command {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	all := parse(string(text))
	require.NotEmpty(t, all, "%s has no commands", file)
	return all
}

func parse(text string) []Command {
	var all []Command
	open := false
	for line := range strings.Lines(text) {
		line, indented := strings.CutPrefix(strings.TrimRight(line, "\n"), "    ")
		start, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case !indented:
			open = false
		case isCommand:
			all, open = append(all, Command{Args: words(strings.TrimSuffix(start, " &"))}), true
		case open:
			c := &all[len(all)-1]
			c.Answer = strings.TrimPrefix(c.Answer+"\n"+line, "\n")
		}
	}
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

// At returns the command with other addresses in place of those that the README
// has.
func (c Command) At(addresses *strings.Replacer) Command {
	args := make([]string, len(c.Args))
	for i, arg := range c.Args {
		args[i] = addresses.Replace(arg)
	}
	return Command{Args: args, Answer: c.Answer}
}

// Curl makes the request that curl would make, of which it knows -X, -H, -d and
// --json, and gets the answer of the README.
func (c Command) Curl(t *testing.T) {
	t.Helper()
	require.Equal(t, "curl", c.Args[0])
	method, url, body, header := "", "", "", http.Header{}
	for args := c.Args[1:]; len(args) > 0; args = args[1:] {
		switch {
		case args[0] == "-X" && len(args) > 1:
			method, args = args[1], args[1:]
		case args[0] == "-H" && len(args) > 1:
			name, value, _ := strings.Cut(args[1], ": ")
			header.Set(name, value)
			args = args[1:]
		case args[0] == "-d" && len(args) > 1:
			body, args = args[1], args[1:]
		case args[0] == "--json" && len(args) > 1:
			body, args = args[1], args[1:]
			header.Set("Content-Type", "application/json")
			header.Set("Accept", "application/json")
		default:
			url = "http://" + args[0]
		}
	}
	if method == "" && body != "" {
		method = http.MethodPost
	}
	if body != "" && header.Get("Content-Type") == "" {
		header.Set("Content-Type", "application/x-www-form-urlencoded") // as curl says of -d
	}
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err, "%q", c.Args)
	r.Header = header
	resp, err := http.DefaultClient.Do(r)
	require.NoError(t, err, "%q", c.Args)
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	require.NoError(t, err, "%q", c.Args)
	require.Equal(t, c.Answer, strings.TrimSpace(string(answer)), "%q", c.Args)
}
