package measure

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// program returns a measurement of next to nothing and what it prints.
func program(t *testing.T) (p *Program, stdout, stderr *strings.Builder) {
	t.Helper()
	stdout, stderr = new(strings.Builder), new(strings.Builder)
	return &Program{
		Name: "nothing", About: "It measures nothing.", Dir: t.TempDir(),
		Stdout: stdout, Stderr: stderr,
		Cases:  func() ([]Case, error) { return []Case{{Group: "g", Kind: "k", Run: spin}}, nil },
		Report: func(Outcome) (Report, error) { return Report{Plot: new(Bars)}, nil },
	}, stdout, stderr
}

func TestProgramUsage(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		args []string
		want string
	}{
		{"unknown", []string{"-fast"}, "flag provided but not defined: -fast"},
		{"an argument", []string{"-smoke", "now"}, `unexpected argument "now"`},
		{"no rounds", []string{"-rounds", "0"}, "-rounds 0: it must be at least 1"},
		{"odd rounds", []string{"-rounds", "many"}, `invalid value "many" for flag -rounds`},
		{"smoke with a folder", []string{"-smoke", "-out", "x"}, "-smoke writes no file, so it takes no -out"},
		{"no folder", []string{"-out", ""}, "-out is empty"},
		{"a file as folder", []string{"-out", file}, "-out: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, stdout, stderr := program(t)
			if status := p.Main(tt.args); status != exitUsage {
				t.Errorf("%q: the status is %d, want %d", tt.args, status, exitUsage)
			}
			if got := stderr.String(); !strings.HasPrefix(got, "nothing: "+tt.want) || stdout.Len() > 0 {
				t.Errorf("%q: the message is %q, want %q", tt.args, got, tt.want)
			}
		})
	}
}

func TestProgramHelp(t *testing.T) {
	t.Parallel()
	p, stdout, stderr := program(t)
	status := p.Main([]string{"-h"})
	if got := stdout.String(); status != exitOK || stderr.Len() > 0 || strings.Contains(got, p.Dir) {
		t.Errorf("the status is %d, standard error %q, help\n%s", status, stderr, got)
	}
	for _, want := range []string{"It measures nothing.", "-smoke", "-rounds N", "-fixed", "-out DIR", "-h", "Exit status"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("the help does not mention %q", want)
		}
	}
}

func TestProgramOptions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "made", "for", "it")
	for _, tt := range []struct {
		name string
		args []string
		want Options
	}{
		{"none", nil, Options{Rounds: fullRounds}},
		{"smoke", []string{"-smoke"}, Options{Smoke: true, Fixed: true, Rounds: smokeRounds}},
		{"longer smoke", []string{"-smoke", "-rounds", "3"}, Options{Smoke: true, Fixed: true, Rounds: 3}},
		{"fixed", []string{"-fixed", "-out", dir}, Options{Fixed: true, Rounds: fullRounds, Out: dir}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, _, _ := program(t)
			if tt.want.Out == "" {
				tt.want.Out = p.Dir
			}
			if got, err := p.parse(tt.args); err != nil || got != tt.want {
				t.Errorf("%q: %+v, %v, want %+v", tt.args, got, err, tt.want)
			}
			if left, _ := filepath.Glob(filepath.Join(tt.want.Out, "*")); len(left) > 0 {
				t.Errorf("%q: it left %q", tt.args, left)
			}
		})
	}
}

func TestProgramReports(t *testing.T) {
	t.Parallel()
	p, _, stderr := program(t)
	p.Report = func(o Outcome) (Report, error) {
		if len(o.Results) != 1 || len(o.Results[0].NS) != smokeRounds || !o.Options.Smoke || !strings.HasPrefix(o.Machine, runtime.Version()) {
			t.Errorf("reported is %+v", o)
		}
		return Report{Plot: new(Bars)}, nil
	}
	if status := p.Main([]string{"-smoke"}); status != exitOK {
		t.Errorf("the status is %d, want 0; standard error:\n%s", status, stderr)
	}
}

func TestProgramFailures(t *testing.T) {
	t.Parallel()
	wrong := errors.New("2 and 2 is 5")
	for name, spoil := range map[string]func(*Program){
		"set-up": func(p *Program) { p.Cases = func() ([]Case, error) { return nil, wrong } },
		"a case": func(p *Program) {
			p.Cases = func() ([]Case, error) {
				return []Case{{Run: func(int) error { return wrong }}}, nil
			}
		},
		"the report": func(p *Program) { p.Report = func(Outcome) (Report, error) { return Report{}, wrong } },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _, stderr := program(t)
			spoil(p)
			if status := p.Main([]string{"-smoke"}); status != exitFailed || !strings.Contains(stderr.String(), wrong.Error()) {
				t.Errorf("the status is %d, want %d; standard error:\n%s", status, exitFailed, stderr)
			}
		})
	}
}

func TestProgramEnds(t *testing.T) {
	t.Parallel()
	stuck := errors.New("it does not end")
	for name, tt := range map[string]struct {
		cases, end error
		status     int
	}{
		"after a run":   {nil, nil, exitOK},
		"without cases": {stuck, nil, exitFailed},
		"with an error": {nil, stuck, exitFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, _, stderr := program(t)
			cases, ended := p.Cases, 0
			p.Cases = func() ([]Case, error) {
				if tt.cases != nil {
					return nil, tt.cases
				}
				return cases()
			}
			p.End = func() error { ended++; return tt.end }
			if status := p.Main([]string{"-smoke"}); status != tt.status || ended != 1 {
				t.Errorf("the status is %d, want %d, and it ended %d times; standard error:\n%s", status, tt.status, ended, stderr)
			}
		})
	}
}

// TestProgramInterrupted is not parallel: the signal goes to the whole process.
func TestProgramInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no signals that a process could send itself")
	}
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	p, stdout, stderr := program(t)
	sent := false
	p.Cases = func() ([]Case, error) {
		return []Case{{Group: "g", Kind: "k", Run: func(n int) error {
			if !sent {
				sent = true
				if err := self.Signal(os.Interrupt); err != nil {
					return err
				}
			}
			return spin(n)
		}}}, nil
	}
	p.Report = func(Outcome) (Report, error) {
		t.Error("it reports all the same")
		return Report{}, errors.New("it should not")
	}
	// It would take days if the signal did not end it.
	status := p.Main([]string{"-smoke", "-rounds", "1000000000"})
	if status != exitInterrupted || stdout.Len() > 0 || !strings.HasSuffix(stderr.String(), "nothing: stopped; nothing was written\n") {
		t.Errorf("the status is %d, want %d; standard error:\n%s", status, exitInterrupted, stderr)
	}
}

// TestProgramRelinks builds and runs a real program.
func TestProgramRelinks(t *testing.T) {
	t.Parallel()
	p, _, stderr := program(t)
	dir, err := filepath.Abs(filepath.Join("testdata", "tiny"))
	if err != nil {
		t.Fatal(err)
	}
	p.Dir, p.tolerance = dir, 1
	out := t.TempDir()
	p.Report = func(o Outcome) (Report, error) {
		results := o.Results
		if len(results) != 1 || results[0].Kind != "k" || len(results[0].NS) != 2 || slices.Min(results[0].NS) <= 0 {
			t.Errorf("reported are %+v, want the times of two rounds", results)
		}
		return Report{Plot: new(Bars)}, nil
	}
	if status := p.Main([]string{"-rounds", "2", "-out", out}); status != exitOK {
		t.Errorf("the status is %d, want 0; standard error:\n%s", status, stderr)
	}
}

func TestProgramWithoutSources(t *testing.T) {
	t.Parallel()
	p, _, stderr := program(t)
	if status := p.Main([]string{"-rounds", "1"}); status != exitFailed || !strings.Contains(stderr.String(), "-fixed does without") {
		t.Errorf("the status is %d, want %d; standard error:\n%s", status, exitFailed, stderr)
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	a := []Result{{Group: "g", Kind: "k", NS: []float64{1}, Allocs: 1}}
	b := []Result{{Group: "g", Kind: "k", NS: []float64{2}, Allocs: 2}}
	got, err := merge(a, b)
	if err != nil || !slices.Equal(got[0].NS, []float64{1, 2}) || got[0].Allocs != 2 {
		t.Errorf("merge = %+v, %v", got, err)
	}
	if _, err := merge(a, nil); err == nil {
		t.Error("a missing case is no error")
	}
	if _, err := merge(a, []Result{{Group: "g", Kind: "other"}}); err == nil {
		t.Error("another case is no error")
	}
}

func TestQuietest(t *testing.T) {
	t.Parallel()
	var rounds []round
	for i, others := range []float64{0.5, 0.01, 0.9, 0.02} {
		rounds = append(rounds, round{others: others, results: []Result{{NS: []float64{float64(i)}}}})
	}
	results, others, err := quietest(rounds, 3)
	if err != nil || others != 0.5 || !slices.Equal(results[0].NS, []float64{1, 3, 0}) {
		t.Errorf("quietest = %+v, %v, %v; want the rounds 1, 3, 0", results, others, err)
	}
}

func TestAwaitQuiet(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	left := time.Hour
	awaitQuiet(ctx, busy, &left) // returns at once, whatever the machine does
	left = 0
	awaitQuiet(t.Context(), busy, &left)
}

func TestPhase(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]string{
		"round 1 of 9":              phase(0, 9, 0),
		"round 3 of 9":              phase(2, 9, 2),
		"round 3 of 9, 4 disturbed": phase(2, 9, 6),
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestOptionsWrite(t *testing.T) {
	t.Parallel()
	o := Options{Out: t.TempDir()}
	if err := o.write("a.txt", []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(o.Out, "a.txt")); err != nil || string(got) != "hello" {
		t.Errorf("the file has %q, %v", got, err)
	}
}
