package dns

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The limits of resolv.conf(5), and of this package where it sets none.
const (
	maxServers  = 3  // MAXNS
	maxNdots    = 15 // RES_MAXNDOTS
	maxSeconds  = 30 // RES_MAXRETRANS
	maxAttempts = 5  // RES_MAXRETRY
	maxSearch   = 32 // unlimited since glibc 2.26
	maxFile     = 64 << 10
)

const (
	defaultNdots    = 1
	defaultAttempts = 2
)

// A resolver is the part of a resolv.conf(5) that a lookup needs.
type resolver struct {
	servers  []string      // "10.0.0.2:53"
	search   []string      // domains with a dot at the end
	ndots    int           // names with as many dots are asked for as they are first
	timeout  time.Duration // zero if the file says nothing
	attempts int           // zero if the file says nothing
	rotate   bool          // questions start with each server in turn
	useTCP   bool
	noAAAA   bool
}

// load reads a resolv.conf(5). "If this file does not exist, only the name server on
// the local machine will be queried, and the search list contains the local domain
// name determined from the hostname."
func load(path string) (*resolver, error) {
	file, err := os.Open(path) //nolint:gosec // the user's own choice of a file
	if errors.Is(err, fs.ErrNotExist) {
		return parse(strings.NewReader(""))
	}
	if err != nil {
		return nil, fmt.Errorf("dns: %w", err)
	}
	defer func() { _ = file.Close() }()
	r, err := parse(io.LimitReader(file, maxFile))
	if err != nil {
		return nil, fmt.Errorf("dns: %s: %w", path, err)
	}
	return r, nil
}

// parse reads a resolv.conf(5). Like the C library, it passes over what it does not
// know.
func parse(file io.Reader) (*resolver, error) {
	r := &resolver{ndots: defaultNdots}
	searched := false
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line := lines.Text()
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch values := fields[1:]; fields[0] {
		case "nameserver":
			r.addServer(values[0])
		case "domain": // "an obsolete name for the search directive that handles one search list entry only"
			r.search, searched = domains(values[:1]), true
		case "search": // the last one counts
			r.search, searched = domains(values), true
		case "options":
			for _, o := range values {
				r.set(o)
			}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(r.servers) == 0 { // "the default is to use the name server on the local machine"
		r.servers = []string{"127.0.0.1:53"}
	}
	if !searched {
		r.search = localDomain()
	}
	return r, nil
}

func (r *resolver) addServer(addr string) {
	if _, err := netip.ParseAddr(addr); err == nil && len(r.servers) < maxServers {
		r.servers = append(r.servers, net.JoinHostPort(addr, "53"))
	}
}

// set sets one of the options.
func (r *resolver) set(text string) {
	option, value, _ := strings.Cut(text, ":")
	n, _ := strconv.Atoi(value) // 0 if it is not a number, as of atoi
	switch option {
	case "ndots":
		r.ndots = min(max(n, 0), maxNdots)
	case "timeout":
		r.timeout = time.Duration(min(max(n, 1), maxSeconds)) * time.Second
	case "attempts":
		r.attempts = min(max(n, 1), maxAttempts)
	case "rotate":
		r.rotate = true
	case "use-vc":
		r.useTCP = true
	case "no-aaaa":
		r.noAAAA = true
	}
}

// domains returns a search list. The root is not a part of it: names are asked for as
// they are in any case.
func domains(values []string) []string {
	var list []string
	for _, v := range values {
		if v = rooted(v); isName(v) && len(list) < maxSearch {
			list = append(list, v)
		}
	}
	return list
}

// localDomain returns the search list of a file without one: the domain "is determined
// from the local hostname [...]; the domain part is taken to be everything after the
// first '.'".
func localDomain() []string {
	host, _ := os.Hostname() // on error it is empty, and so is the domain
	_, domain, _ := strings.Cut(host, ".")
	return domains([]string{domain})
}

// names returns the names to ask for, in their order: one with a dot at its end as it
// is; any other in the domains of the search list too, and as it is before these if it
// has ndots dots, otherwise after them.
func (r *resolver) names(name string) []string {
	full := rooted(name)
	if name == full {
		return []string{full}
	}
	var names []string
	for _, domain := range r.search {
		if n := full + domain; isName(n) {
			names = append(names, n)
		}
	}
	if strings.Count(name, ".") >= r.ndots {
		return slices.Insert(names, 0, full)
	}
	return append(names, full)
}
