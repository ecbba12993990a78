package measure

import (
	"os"
	"strings"
	"testing"
)

const (
	testStat = "cpu  100 10 40 800 20 5 5 20 7 0\ncpu0 1 2 3 4\n"
	testSelf = "42 (a (strange) name) S 1 42 42 0 -1 4194304 100 0 0 0 30 10 4 6 20 0 1 0 5 6 7"
)

func TestParseCPU(t *testing.T) {
	t.Parallel()
	got, ok := parseCPU(testStat, testSelf)
	if want := (cpu{all: 1000, busy: 180, own: 50}); !ok || got != want {
		t.Errorf("got %+v, %v, want %+v", got, ok, want)
	}
	for name, files := range map[string][2]string{
		"no machine":         {"", testSelf},
		"an odd machine":     {strings.Replace(testStat, "100", "many", 1), testSelf},
		"another first line": {"intr 1 2 3 4 5 6 7 8 9\n", testSelf},
		"no process":         {testStat, ""},
		"an odd process":     {testStat, strings.Replace(testSelf, " 30 ", " x ", 1)},
	} {
		if got, ok := parseCPU(files[0], files[1]); ok {
			t.Errorf("%s: got %+v, want none", name, got)
		}
	}
}

func TestOthers(t *testing.T) {
	t.Parallel()
	before := cpu{all: 1000, busy: 500, own: 100}
	for _, tt := range []struct {
		name string
		now  cpu
		want float64
	}{
		{"nobody", cpu{all: 1200, busy: 600, own: 200}, 0},
		{"half of it", cpu{all: 1200, busy: 700, own: 200}, 0.5},
		{"clocks that do not agree", cpu{all: 1200, busy: 600, own: 210}, 0},
		{"no time", before, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.now.others(before); got != tt.want {
				t.Errorf("others of %+v since %+v: %v, want %v", tt.now, before, got, tt.want)
			}
		})
	}
}

func TestCPUNow(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skipf("this system has no clocks of that kind: %v", err)
	}
	if now, ok := cpuNow(); !ok || now.all <= 0 || now.busy < now.own {
		t.Errorf("got %+v, %v", now, ok)
	}
}
