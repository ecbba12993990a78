package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// testWorkshop returns a workshop in a temporary folder, which uses what other
// programs have built.
func testWorkshop(t *testing.T) *workshop {
	t.Helper()
	w, err := newWorkshop(t.Context(), t.TempDir(), filepath.Dir(folder()))
	if err != nil {
		t.Fatal(err)
	}
	w.flags = []string{"-ldflags=-s -w"}
	return w
}

func TestOwnModule(t *testing.T) {
	t.Parallel()
	const mod = "module github.com/typedkit/endpoint/bench\n\ngo 1.27\n\nreplace github.com/typedkit/endpoint => ../\n\nrequire github.com/typedkit/endpoint v0.0.0\n"
	const want = "module size.test/programs\n\ngo 1.27\n\nreplace github.com/typedkit/endpoint => \"/a folder\"\n\nrequire github.com/typedkit/endpoint v0.0.0\n"
	if got, err := ownModule(mod, "/a folder"); err != nil || got != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, got, want)
	}
	for _, other := range []string{
		strings.Replace(mod, "bench", "bank", 1),
		strings.Replace(mod, "../", "../other", 1),
	} {
		if _, err := ownModule(other, "/a folder"); err == nil || !strings.HasPrefix(err.Error(), "go.mod of the measurements is not of module") {
			t.Errorf("the error is %v of\n%s", err, other)
		}
	}
}

func TestBuild(t *testing.T) {
	t.Parallel()
	w := testWorkshop(t)
	one, err := w.checked(t.Context(), variantByHand, 1)
	if err != nil {
		t.Fatal(err)
	}
	many, err := w.checked(t.Context(), variantByHand, 40)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := w.checked(t.Context(), variantByHand, 1); again != one || err != nil {
		t.Errorf("the program is built again: %p, %v; want %p", again, err, one)
	}
	p := pair{one, many}
	if p.more() != 39 || p.bytes() < 1000 || p.bytes() > 100_000 {
		t.Errorf("one of %v more endpoints has %v bytes", p.more(), p.bytes())
	}
	for _, b := range []*build{one, many} {
		if b.compile.Nanos <= 0 {
			t.Errorf("%d endpoints took %d ns to compile", b.endpoints, b.compile.Nanos)
		}
		if took, err := b.recompile(t.Context()); err != nil || took <= 0 {
			t.Errorf("%d endpoints took %v to compile again, %v", b.endpoints, took, err)
		}
	}
	if _, err := w.build(t.Context(), "ftp", 1); err == nil {
		t.Error("an unknown variant is no error")
	}
	w.flags = []string{"-tags"}
	if _, err := w.build(t.Context(), variantByHand, 1); err == nil || !strings.HasPrefix(err.Error(), "go build: ") {
		t.Errorf("the error of a build that fails is %v", err)
	}
}

func TestRecompileFails(t *testing.T) {
	t.Parallel()
	b := &build{compile: compilation{Args: []string{"compile", "main.go"}}}
	if _, err := b.recompile(t.Context()); err == nil || err.Error() != `the compiler was run without -o: ["compile" "main.go"]` {
		t.Errorf("the error is %v", err)
	}
	b.compile.Args = []string{filepath.Join(t.TempDir(), "gone"), "-o", "main.a"}
	if _, err := b.recompile(t.Context()); err == nil {
		t.Error("a compiler that is not there is no error")
	}
}

// TestRunFails shows that a program which fails ends a measurement.
func TestRunFails(t *testing.T) {
	t.Parallel()
	b := &build{variant: "none", endpoints: 3, binary: filepath.Join(t.TempDir(), "gone")}
	if _, err := b.run(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "the program none with 3 endpoints: ") {
		t.Errorf("the error is %v", err)
	}
	if err := new(mounting).add(t.Context(), b); err == nil {
		t.Error("a program that is not there mounts routes")
	}
}
