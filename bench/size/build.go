package main

import (
	"context"
	"crypto/rand"
	"encoding/json/v2"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The module of the library, and that of the measurements, whose go.mod decides the
// versions of everything that is built.
const (
	library     = "github.com/typedkit/endpoint"
	benchModule = library + "/bench"
)

// A workshop is a temporary module in which programs are generated and built. Its
// go.mod is that of the measurements, so nothing has to be downloaded that they do
// not need.
type workshop struct {
	dir  string
	self string // this program, which the go command runs in place of its tools
	// flags are those of go build.
	flags []string
	built []*build // by checked
}

// newWorkshop makes a module in dir, which must be empty, beside the module of the
// measurements in bench.
func newWorkshop(ctx context.Context, dir, bench string) (*workshop, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	root, err := goCommand(ctx, bench, nil, "list", "-m", "-f", "{{.Dir}}", library)
	if err != nil {
		return nil, err
	}
	mod, err := os.ReadFile(filepath.Join(bench, "go.mod"))
	if err != nil {
		return nil, err
	}
	sum, err := os.ReadFile(filepath.Join(bench, "go.sum"))
	if err != nil {
		return nil, err
	}
	text, err := ownModule(string(mod), strings.TrimSpace(root))
	if err != nil {
		return nil, err
	}
	w := &workshop{dir: dir, self: self, flags: []string{"-trimpath", "-ldflags=-s -w"}}
	return w, errors.Join(
		os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o644),
		os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644),
	)
}

// ownModule turns the go.mod of the measurements into that of a module elsewhere,
// with the library in the folder root.
func ownModule(mod, root string) (string, error) {
	const replace = "replace " + library + " => ../\n"
	if !strings.HasPrefix(mod, "module "+benchModule+"\n") || !strings.Contains(mod, replace) {
		return "", fmt.Errorf("go.mod of the measurements is not of module %s with %q", benchModule, strings.TrimSpace(replace))
	}
	mod = strings.Replace(mod, benchModule, "size.test/programs", 1)
	return besideUs.ReplaceAllStringFunc(mod, func(path string) string {
		return " => " + strconv.Quote(filepath.Join(root, strings.TrimSpace(strings.TrimPrefix(path, " => ../")))) + "\n"
	}), nil
}

// besideUs is the path of a module of the repository, in a go.mod of the measurements.
var besideUs = regexp.MustCompile(` => \.\./[a-z/]*\n`)

// A build is a program with a number of endpoints, built once.
type build struct {
	variant   string
	endpoints int
	binary    string
	bytes     int64 // of the binary
	// compile is how the go command compiled the package main.
	compile compilation
	folder  string // of the source
}

// A compilation is a run of the compiler.
type compilation struct {
	// Args begin with the path of the compiler.
	Args []string
	Dir  string
	// Nanos is the processor time that it took, in nanoseconds.
	Nanos int64
}

// build generates and builds a program. The go command compiles the package main
// alone, once its dependencies are in its cache.
func (w *workshop) build(ctx context.Context, variant string, endpoints int) (*build, error) {
	text, err := source(variant, endpoints)
	if err != nil {
		return nil, err
	}
	// The comment at the end keeps the go command from finding the package in its
	// cache. It is not in the binary.
	text += "\n// " + rand.Text() + "\n"
	b := &build{variant: variant, endpoints: endpoints}
	b.folder = filepath.Join(w.dir, fmt.Sprintf("%s%03d", variant, endpoints))
	b.binary = filepath.Join(b.folder, "program.exe") // an ending that one system wants and the others ignore
	if err := os.MkdirAll(filepath.Join(b.folder, "tmp"), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(b.folder, "main.go"), []byte(text), 0o644); err != nil {
		return nil, err
	}
	record := filepath.Join(b.folder, "compile.json")
	// What the compiler read is kept, for recompile.
	env := []string{"GOTMPDIR=" + filepath.Join(b.folder, "tmp"), recordVariable + "=" + record}
	args := slices.Concat([]string{"build", "-work", "-toolexec=" + quoted(w.self)}, w.flags, []string{"-o", b.binary, "."})
	if _, err := goCommand(ctx, b.folder, env, args...); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(record)
	if err != nil {
		return nil, fmt.Errorf("the go command did not compile the program: %w", err)
	}
	if err := json.Unmarshal(data, &b.compile); err != nil {
		return nil, err
	}
	info, err := os.Stat(b.binary)
	if err != nil {
		return nil, err
	}
	b.bytes = info.Size()
	return b, nil
}

// quoted quotes a path with blanks for the go command.
func quoted(path string) string {
	if strings.ContainsAny(path, " \t") {
		return `"` + path + `"`
	}
	return path
}

// run runs the program, which checks that each of its endpoints answers right, and
// returns what it prints.
func (b *build) run(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, b.binary).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("the program %s with %d endpoints: %w\n%s", b.variant, b.endpoints, err, out)
	}
	return string(out), nil
}

// recompile runs the compiler again as the go command did, and returns the processor
// time that it took.
func (b *build) recompile(ctx context.Context) (time.Duration, error) {
	args := slices.Clone(b.compile.Args)
	out := slices.Index(args, "-o") + 1
	if out == 0 || out == len(args) {
		return 0, fmt.Errorf("the compiler was run without -o: %q", args)
	}
	args[out] = filepath.Join(b.folder, "again.a")
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Dir = b.compile.Dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("compiling %s with %d endpoints again: %w\n%s", b.variant, b.endpoints, err, text)
	}
	return cpuOf(cmd), nil
}

// cpuOf returns the processor time of a command that has ended: its own, and that of
// the system for it.
func cpuOf(cmd *exec.Cmd) time.Duration {
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// goCommand runs the go command and returns what it prints.
func goCommand(ctx context.Context, dir string, env []string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	if runtime.GOOS != "windows" { // which has no signals
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	}
	cmd.WaitDelay = 5 * time.Second
	cmd.Dir = dir
	cmd.Env = slices.Concat(os.Environ(), []string{"GOWORK=off", "GOFLAGS=-buildvcs=false", "PWD=" + dir}, env)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.String())
	}
	return string(out), nil
}

// archive returns the file that the go command's compiler wrote.
func (b *build) archive() string {
	out := slices.Index(b.compile.Args, "-o") + 1
	return b.compile.Args[out]
}
