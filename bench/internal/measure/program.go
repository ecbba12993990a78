package measure

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
	"syscall"
	"time"
)

// A Program is a measurement with a command line. All measurements share it.
type Program struct {
	// Name is the program's name, that of its folder.
	Name string
	// About says in a few lines what it measures.
	About string
	// Dir is the program's own folder: it is built there, and by default results
	// go there. The function Main sets it.
	Dir string
	// Stdout gets results and help, Stderr progress and errors. The function Main
	// sets them.
	Stdout, Stderr io.Writer
	// Cases returns what is measured, checked to do its work right.
	Cases func() ([]Case, error)
	// End ends what Cases started, such as other processes, also when it failed;
	// it may be nil. A process that nobody waits for counts among the others that
	// use the machine.
	End func() error
	// Report tells of the outcome.
	Report func(Outcome) (Report, error)

	// tolerance, if it is not 0, replaces busy: tests have no need of a quiet
	// machine.
	tolerance float64
}

// An Outcome is what came of a run.
type Outcome struct {
	// Results has one result for each case, of all rounds.
	Results []Result
	// Options are those of the run.
	Options Options
	// Machine is a line on what the numbers were measured with.
	Machine string
}

// Options are the choices of the command line.
type Options struct {
	// Smoke asks for a short run that writes no file.
	Smoke bool
	// Rounds is how often each case is timed.
	Rounds int
	// Fixed measures all rounds with this build of the program.
	Fixed bool
	// Out is the folder for results.
	Out string
}

const (
	fullRounds  = 15
	smokeRounds = 2
	fullWindow  = 3 * time.Millisecond
	smokeWindow = 300 * time.Microsecond
)

// Exit statuses. A run that is interrupted has the status that shells give it.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Main runs p with the arguments of the process, whose end it is. Its folder is
// that of the source which calls Main, or none in a build without such paths.
func Main(p Program) {
	if _, file, _, ok := runtime.Caller(1); ok && filepath.IsAbs(file) {
		p.Dir = filepath.Dir(file)
	}
	p.Stdout, p.Stderr = os.Stdout, os.Stderr
	os.Exit(p.Main(os.Args[1:]))
}

// Main runs the program with the arguments and returns its exit status.
func (p Program) Main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if number, ok := childRound(); ok {
		return p.child(ctx, number)
	}
	opts, err := p.parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(p.Stderr, "%s: %v\nRun it with -h for what it takes.\n", p.Name, err)
		return exitUsage
	}
	progress := NewProgress(p.Stderr)
	results, others, err := p.measure(ctx, opts, progress)
	progress.Done()
	if err == nil {
		err = p.Publish(Outcome{Results: results, Options: opts, Machine: p.machine(others)})
	}
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(p.Stderr, "%s: stopped; nothing was written\n", p.Name)
		return exitInterrupted
	}
	fmt.Fprintf(p.Stderr, "%s: %v\n", p.Name, err)
	return exitFailed
}

// busy is the share of the machine beyond which other processes are in the way:
// they slow most what allocates, because the collector works beside the program.
const busy = 0.1

// machine returns a line on the machine and on the share of it that others used.
func (p Program) machine(others float64) string {
	if others > busy {
		fmt.Fprintf(p.Stderr, "%s: other processes used %.0f %% of the machine: do not trust ratios between what allocates and what does not\n", p.Name, 100*others)
	}
	return machine() + fmt.Sprintf("; other processes used at most %.0f %% of it", 100*others)
}

// measure returns the results, and the share of the machine that other processes
// used meanwhile.
func (p Program) measure(ctx context.Context, opts Options, progress *Progress) (results []Result, others float64, err error) {
	if !opts.Fixed {
		return p.relinked(ctx, opts.Rounds, progress)
	}
	window := fullWindow
	if opts.Smoke {
		window = smokeWindow
	}
	before, _ := cpuNow()
	results, err = p.run(ctx, Config{Rounds: opts.Rounds, Window: window, Progress: progress, Seed: 1})
	return results, othersSince(before), err
}

// run measures in this process.
func (p Program) run(ctx context.Context, cfg Config) (results []Result, err error) {
	if p.End != nil {
		defer func() { err = errors.Join(err, p.End()) }()
	}
	cases, err := p.Cases()
	if err != nil {
		return nil, err
	}
	return Run(ctx, cases, cfg)
}

// parse returns the options, flag.ErrHelp when help was asked for and printed, or
// what is wrong with the arguments.
func (p Program) parse(args []string) (Options, error) {
	var o Options
	flags := flag.NewFlagSet(p.Name, flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are printed once, by Main
	flags.BoolVar(&o.Smoke, "smoke", false, "")
	flags.IntVar(&o.Rounds, "rounds", fullRounds, "")
	flags.BoolVar(&o.Fixed, "fixed", false, "")
	flags.StringVar(&o.Out, "out", p.Dir, "")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			p.help()
		}
		return o, err
	}
	given := make(map[string]bool)
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q: it takes flags only", flags.Arg(0))
	case o.Rounds < 1:
		return o, fmt.Errorf("-rounds %d: it must be at least 1", o.Rounds)
	case o.Smoke && given["out"]:
		return o, errors.New("-smoke writes no file, so it takes no -out")
	}
	if o.Smoke {
		o.Fixed = true
		if !given["rounds"] {
			o.Rounds = smokeRounds
		}
		return o, nil
	}
	return o, writable(o.Out)
}

// writable fails where results could not be written, before they are measured.
func writable(dir string) error {
	if dir == "" {
		return errors.New("-out is empty: name the folder for the results")
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (p Program) help() {
	fmt.Fprintf(p.Stdout, `%s

Usage: %s [-smoke] [-fixed] [-rounds N] [-out DIR]

  -smoke      time each case for well under a millisecond, print the tables, write
              no file: shows that everything works, says little about speed
  -rounds N   time each case N times (default %d; %d with -smoke); more rounds
              make the ranges beside the ratios narrower
  -fixed      do all rounds in this process: faster, and right for a profile, but
              where the code lies in memory is then luck that all rounds share.
              Without it, each round links the program anew with its functions in
              another order, which needs the go command and the sources. It then
              begins when other processes use less than a tenth of the machine, and
              is measured again if they did not keep to that, up to twice as many
              rounds as asked for; it waits three minutes in all.
              Always so with -smoke
  -out DIR    write the report and the plot to DIR, which is made if it is not
              there (default: the folder of the program)
  -h          print this help

Results go to standard output, progress to standard error. In each round all cases
are timed in one process, those that are compared one right after the other, so
that ratios can be trusted on a machine that does other work too; times cannot.
Ctrl-C stops it, and then it writes nothing.

Exit status: 0 when all was measured, whatever came out; 1 when a case gave a
wrong answer, or something else failed; 2 for wrong flags; 130 after Ctrl-C.
`, p.About, p.Name, fullRounds, smokeRounds)
}

// write puts a file into the folder for results.
func (o Options) write(name string, data []byte) error {
	return os.WriteFile(filepath.Join(o.Out, name), data, 0o644)
}
