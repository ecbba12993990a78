package edge

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// passed is what systemd tells a process that it passes sockets to; see
// sd_listen_fds(3).
type passed struct {
	getenv func(name string) string
	pid    int // of this process
	first  int // the descriptor of the first socket
}

// listen returns a listener on the socket with the name, or on the only one if name
// is empty. The descriptor stays open, so a second call finds the same socket.
func (p passed) listen(name string) (net.Listener, error) {
	names, err := p.names()
	if err != nil {
		return nil, err
	}
	at, err := find(names, name)
	if err != nil {
		return nil, err
	}
	fd, err := duplicate(p.first + at) // os.File closes its descriptor
	if err != nil {
		return nil, fmt.Errorf("descriptor %d, which systemd should have passed: %w", p.first+at, err)
	}
	file := os.NewFile(uintptr(fd), "systemd:"+name) //nolint:gosec // a descriptor is not negative
	l, err := net.FileListener(file)
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, fmt.Errorf("descriptor %d is not a socket to listen on: %w", p.first+at, short(err))
	}
	return l, nil
}

// names returns the name of each socket that was passed. Those without a name are
// "unknown", as systemd has it.
func (p passed) names() ([]string, error) {
	pid, fds := p.getenv("LISTEN_PID"), p.getenv("LISTEN_FDS")
	if pid == "" || fds == "" {
		return nil, errors.New("systemd passed no sockets: LISTEN_PID and LISTEN_FDS are not both set; the program must be started by a .socket unit")
	}
	if pid != strconv.Itoa(p.pid) {
		return nil, fmt.Errorf("systemd passed its sockets to process %s, and this is process %d", pid, p.pid)
	}
	n, err := strconv.Atoi(fds)
	if err != nil || n < 1 || n > 1000 {
		return nil, fmt.Errorf("LISTEN_FDS=%q is not a number of sockets", fds)
	}
	names := make([]string, n)
	for i := range names {
		names[i] = "unknown"
	}
	if given := p.getenv("LISTEN_FDNAMES"); given != "" {
		split := strings.Split(given, ":")
		if len(split) != n {
			return nil, fmt.Errorf("LISTEN_FDNAMES=%q has %d names, and LISTEN_FDS is %d", given, len(split), n)
		}
		copy(names, split)
	}
	return names, nil
}

// find returns the index of the name. An empty one is that of the only socket.
func find(names []string, name string) (int, error) {
	at := -1
	for i, n := range names {
		if n != name && name != "" {
			continue
		}
		if at >= 0 {
			return 0, fmt.Errorf("systemd passed several such sockets: %s; each needs a FileDescriptorName= of its own", strings.Join(names, ", "))
		}
		at = i
	}
	if at < 0 {
		return 0, fmt.Errorf("systemd passed no socket of this name, but %s", strings.Join(names, ", "))
	}
	return at, nil
}
