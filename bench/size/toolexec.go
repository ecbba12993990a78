package main

import (
	"encoding/json/v2"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// recordVariable names the file for the record of the compiler's run. It is set
// where the go command runs this program in place of its tools, with -toolexec.
const recordVariable = "ENDPOINT_BENCH_COMPILATION"

// runTool runs a tool for the go command and returns its exit status. It keeps a
// record of the compiler's run for package main. The go command knows its tools by
// what they say of themselves, so it finds in its cache what they made before.
func runTool(args []string) int {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			return exit.ExitCode()
		}
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if !compilesMain(args) {
		return 0
	}
	if err := recordCompilation(cmd); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// compilesMain reports whether args run the compiler for package main.
func compilesMain(args []string) bool {
	tool := strings.TrimSuffix(filepath.Base(args[0]), ".exe")
	p := slices.Index(args, "-p") + 1
	return tool == "compile" && p > 0 && p < len(args) && args[p] == "main"
}

func recordCompilation(cmd *exec.Cmd) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	data, err := json.Marshal(compilation{Args: cmd.Args, Dir: dir, Nanos: cpuOf(cmd).Nanoseconds()})
	if err != nil {
		return err
	}
	return os.WriteFile(os.Getenv(recordVariable), data, 0o644)
}
