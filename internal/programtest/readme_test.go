package programtest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

const readme = "testdata/commands.md"

func TestCommands(t *testing.T) {
	t.Parallel()
	require.Equal(t, []programtest.Command{
		{Args: []string{"cd", "internal/programtest"}},
		{Args: []string{"GOWORK=off", "GOTOOLCHAIN=auto", "go", "build", "-o", "bin/", "./testdata/echo"}},
		{Args: []string{"./bin/echo", "-listen", "localhost:8001", "one"}},
		{Args: []string{"./bin/echo", "-listen", "localhost:8002", "-debug.addr", "localhost:8003", "localhost:8001"}},
		{Args: []string{"curl", "--json", `{"s":"hello, world"}`, "localhost:8001/echo"}, Answer: `one POST /echo application/json {"s":"hello, world"}`},
		{Args: []string{"curl", "-X", "DELETE", "localhost:8001/echo"}, Answer: "one … /e…"},
		{Args: []string{"curl", "-d", `{"s":"a"}`, "localhost:8001/echo"}, Answer: `one POST /echo application/x-www-form-urlencoded {"s":"a"}`},
		{Args: []string{"curl", "-H", "Content-Type: text/plain", "-d", "a", "localhost:8001/echo"}, Answer: "one POST /echo text/plain a"},
	}, programtest.Commands(t, readme, "Run it"))
	other := programtest.Commands(t, readme, "Another program", "None")
	require.Len(t, other, 5)
	require.Equal(t, programtest.Command{Args: []string{"other", "-port", "8004"}}, other[0])
	require.Len(t, programtest.Commands(t, readme), 8+len(other))
}

func TestAt(t *testing.T) {
	t.Parallel()
	c := programtest.Command{Args: []string{"curl", "localhost:8080/a"}, Answer: "localhost:8080"}
	got := c.At(strings.NewReplacer("localhost:8080", "127.0.0.1:1"))
	require.Equal(t, programtest.Command{Args: []string{"curl", "127.0.0.1:1/a"}, Answer: "localhost:8080"}, got)
	require.Equal(t, "localhost:8080/a", c.Args[1], "the command itself is as it was")
}

func TestOfKit(t *testing.T) {
	t.Parallel()
	got := programtest.OfKit(`curl -XPOST -d'{"s":"a b"}' -H "A: b c" http://localhost:8080/x`, "y")
	require.Equal(t, programtest.Command{
		Args:   []string{"curl", "-XPOST", "--json", `{"s":"a b"}`, "-H", "A: b c", "http://localhost:8080/x"},
		Answer: "y",
	}, got)
}
