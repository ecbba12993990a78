package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/typedkit/endpoint/bench/internal/measure"
)

// Exit statuses, those of all measurements.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

const (
	fullRounds    = 7
	fullEndpoints = 100
	fullRoutes    = 500

	smokeRounds    = 1
	smokeEndpoints = 3
	smokeRoutes    = smokeEndpoints // of the program that is built in any case
)

func main() {
	if os.Getenv(recordVariable) != "" && len(os.Args) > 1 {
		os.Exit(runTool(os.Args[1:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(program{folder: folder(), stdout: os.Stdout, stderr: os.Stderr}.main(ctx, os.Args[1:]))
}

// folder returns the folder of this source.
func folder() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Dir(file)
}

// A program is the measurement with its surroundings.
type program struct {
	folder         string
	stdout, stderr io.Writer
}

// main runs the program and returns its exit status.
func (p program) main(ctx context.Context, args []string) int {
	o, err := p.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(p.stderr, "size: %v\nRun it with -h for what it takes.\n", err)
		return exitUsage
	}
	err = p.measure(ctx, o)
	switch {
	case err == nil:
		return exitOK
	case ctx.Err() != nil:
		fmt.Fprintln(p.stderr, "size: stopped; nothing was written")
		return exitInterrupted
	}
	fmt.Fprintf(p.stderr, "size: %v\n", err)
	return exitFailed
}

// options are the choices of the command line.
type options struct {
	measure.Options

	only      []string // the subjects to measure
	list      int      // symbols to list of each variant
	endpoints int      // of the larger programs
	routes    int      // to mount
	keep      string   // the folder for generated programs, which stay there
}

// partial reports whether only a part is measured, of which there is no report.
func (o options) partial() bool { return !slices.Equal(o.only, subjects()) || o.list > 0 }

// parse returns the options, flag.ErrHelp when help was asked for and printed, or
// what is wrong with the arguments.
func (p program) parse(args []string) (options, error) {
	o := options{endpoints: fullEndpoints, routes: fullRoutes}
	flags := flag.NewFlagSet("size", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed once, by main
	flags.BoolVar(&o.Smoke, "smoke", false, "")
	flags.IntVar(&o.Rounds, "rounds", fullRounds, "")
	flags.StringVar(&o.Out, "out", p.folder, "")
	only := flags.String("only", strings.Join(subjects(), ","), "")
	flags.IntVar(&o.list, "list", 0, "")
	flags.StringVar(&o.keep, "keep", "", "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			p.help()
		}
		return o, err
	}
	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if o.Smoke {
		o.endpoints, o.routes = smokeEndpoints, smokeRoutes
		if !given["rounds"] {
			o.Rounds = smokeRounds
		}
	}
	var err error
	if o.only, err = chosen(*only); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: it takes flags only", flags.Arg(0))
	case o.Rounds < 1:
		return o, fmt.Errorf("-rounds %d: it must be at least 1", o.Rounds)
	case o.list < 0:
		return o, fmt.Errorf("-list %d: it must be at least 0", o.list)
	case given["out"] && (o.Smoke || o.partial()):
		return o, errors.New("-smoke, -only and -list write no file, so they take no -out")
	case o.Out == "":
		return o, errors.New("-out is empty: name the folder for the results")
	}
	return o, nil
}

// chosen returns the subjects of a list with commas, in their own order.
func chosen(list string) ([]string, error) {
	names := strings.Split(list, ",")
	for _, name := range names {
		if !slices.Contains(subjects(), name) {
			return nil, fmt.Errorf("-only %q: it must be of %s", name, strings.Join(subjects(), ", "))
		}
	}
	return slices.DeleteFunc(subjects(), func(name string) bool { return !slices.Contains(names, name) }), nil
}

func (p program) help() {
	fmt.Fprintf(p.stdout, `It measures what one more endpoint costs at build time: bytes of the stripped binary
and processor time of the compiler, with this library and with others. To that end it
generates programs with 1 and with %d endpoints, each with a request and a response
type of its own, builds them and divides the difference.

Usage: size [-smoke] [-rounds N] [-only NAMES] [-list N] [-keep DIR] [-out DIR]

  -smoke       compare 1 with %d endpoints in %d round, print the tables, write no file:
               shows that everything works, says little about the costs
  -rounds N    compile each program N times (default %d). The binary is the same each
               time
  -only NAMES  measure only these, with commas between them, print the table and
               write no file: %s
               ("-only http -rounds 1" is the fastest)
  -list N      list also the N symbols of which one more endpoint has most bytes;
               needs ELF binaries, writes no file
  -keep DIR    generate the programs in DIR, which must be empty or not there, and
               leave them there
  -out DIR     write the report and the plot to DIR, which is made if it is not there
               (default: the folder of the program)
  -h           print this help

Results go to standard output, progress to standard error. It needs the go command and
the sources of the library. Ctrl-C stops it, and then it writes nothing.

Exit status: 0 when all was measured, whatever came out; 1 when a program could not be
built or gave a wrong answer, or something else failed; 2 for wrong flags; 130 after
Ctrl-C.
`, fullEndpoints, smokeEndpoints, smokeRounds, fullRounds, strings.Join(subjects(), ", "))
}

// measure measures what o asks for, and prints or writes it.
func (p program) measure(ctx context.Context, o options) (err error) {
	if !o.Smoke && !o.partial() {
		if err := os.MkdirAll(o.Out, 0o755); err != nil {
			return fmt.Errorf("-out: %w", err)
		}
	}
	dir := o.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "size-"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }() // a leftover in the folder for temporary files is no failure
	} else if err := emptyFolder(dir); err != nil {
		return fmt.Errorf("-keep: %w", err)
	}
	w, err := newWorkshop(ctx, dir, filepath.Dir(p.folder))
	if err != nil {
		return err
	}
	if o.Smoke {
		// With whole paths, the packages below are those that other programs have built.
		w.flags = slices.DeleteFunc(w.flags, func(flag string) bool { return flag == "-trimpath" })
	}
	progress := measure.NewProgress(p.stderr)
	m, err := w.measure(ctx, o, progress)
	progress.Done()
	if err != nil {
		return err
	}
	if o.partial() {
		_, err = io.WriteString(p.stdout, m.text())
		return err
	}
	return measure.Program{Name: "size", Stdout: p.stdout, Stderr: p.stderr, Report: m.report}.Publish(
		measure.Outcome{Options: o.Options, Machine: machine()})
}

// emptyFolder makes a folder, unless it is there and empty.
func emptyFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	inside, err := os.ReadDir(dir)
	if err == nil && len(inside) > 0 {
		err = fmt.Errorf("the folder %s is not empty", dir)
	}
	return err
}

// machine returns a line on what compiled the programs.
func machine() string {
	return fmt.Sprintf("%s %s/%s, %d cores", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
}
