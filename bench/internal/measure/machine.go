package measure

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// machine returns one line on what the numbers were measured with: Go's version,
// the system, the number of cores and, where it is known, the processor.
func machine() string {
	line := fmt.Sprintf("%s %s/%s, %d cores", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	if cpu := processor(); cpu != "" {
		line += ", " + cpu
	}
	return line
}

// processor returns the name that Linux has for the processor.
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// cpu is how much time the machine's cores have had since it started, in the ticks
// of Linux: in all, busy, and busy with this process and the children that it has
// waited for.
type cpu struct{ all, busy, own float64 }

// cpuNow reads the clocks; ok is false where there are none.
func cpuNow() (now cpu, ok bool) {
	machine, err := os.ReadFile("/proc/stat")
	if err != nil {
		return cpu{}, false
	}
	self, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return cpu{}, false
	}
	return parseCPU(string(machine), string(self))
}

// parseCPU takes the two files apart; see proc(5).
func parseCPU(machine, self string) (now cpu, ok bool) {
	line, _, _ := strings.Cut(machine, "\n")
	fields := strings.Fields(line)
	// user nice system idle iowait irq softirq steal; what guests take is in user.
	if len(fields) < 9 || fields[0] != "cpu" {
		return cpu{}, false
	}
	for i, field := range fields[1:9] {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return cpu{}, false
		}
		now.all += ticks
		if i != 3 && i != 4 {
			now.busy += ticks
		}
	}
	// The name of the program, in parentheses, may have blanks in it. utime, stime,
	// cutime and cstime are the twelfth to fifteenth field after it.
	fields = strings.Fields(self[strings.LastIndex(self, ")")+1:])
	if len(fields) < 15 {
		return cpu{}, false
	}
	for _, field := range fields[11:15] {
		ticks, err := strconv.ParseFloat(field, 64)
		if err != nil {
			return cpu{}, false
		}
		now.own += ticks
	}
	return now, true
}

// othersSince returns the share of the machine that other processes used since
// before, or 0 where nobody knows.
func othersSince(before cpu) float64 {
	now, ok := cpuNow()
	if !ok {
		return 0
	}
	return now.others(before)
}

// others returns the share of the machine that other processes used since before.
func (now cpu) others(before cpu) float64 {
	all := now.all - before.all
	if all <= 0 {
		return 0
	}
	return max(0, (now.busy-before.busy)-(now.own-before.own)) / all
}
