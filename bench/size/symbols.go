package main

import (
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// An entry is the bytes that symbols of one normalised name have in a binary.
type entry struct {
	symbol string
	count  float64
	// code is instructions, name the name in the table of function names, and data
	// anything else, such as the descriptors of types and their names.
	code, name, data float64
}

func (e entry) bytes() float64 { return e.code + e.name + e.data }

// A listing is what is known of a binary.
type listing struct {
	entries  map[string]*entry
	sections map[string]float64 // their bytes in the file
}

func (l *listing) at(symbol string) *entry {
	symbol = normalize(symbol)
	e := l.entries[symbol]
	if e == nil {
		e = &entry{symbol: symbol}
		l.entries[symbol] = e
	}
	return e
}

// list links the program again, with its symbols, and returns what is in it.
func (w *workshop) list(ctx context.Context, b *build) (*listing, error) {
	binary := filepath.Join(b.folder, "symbols.exe")
	args := []string{"build"}
	for _, flag := range w.flags {
		if !strings.HasPrefix(flag, "-ldflags") {
			args = append(args, flag)
		}
	}
	if _, err := goCommand(ctx, b.folder, nil, append(args, "-o", binary, ".")...); err != nil {
		return nil, err
	}
	file, err := elf.Open(binary)
	if err != nil {
		return nil, fmt.Errorf("symbols are listed of ELF binaries only: %w", err)
	}
	defer func() { _ = file.Close() }() // it was only read
	l := &listing{entries: map[string]*entry{}, sections: map[string]float64{}}
	if err := l.addSections(b.binary); err != nil {
		return nil, err
	}
	if err := l.addSymbols(file); err != nil {
		return nil, err
	}
	names, err := functionNames(file)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		e := l.at(name)
		e.name += float64(len(name) + 1)
		if e.code == 0 { // inlined everywhere
			e.count++
		}
	}
	compiled, err := goCommand(ctx, b.folder, nil, "tool", "nm", "-size", b.archive())
	if err != nil {
		return nil, err
	}
	types, err := data(file, ".go.type")
	if err != nil {
		return nil, err
	}
	return l, l.addTypes(compiled, types)
}

// addSections adds the sections of the stripped binary.
func (l *listing) addSections(binary string) error {
	file, err := elf.Open(binary)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }() // it was only read
	for _, s := range file.Sections {
		if s.Type != elf.SHT_NOBITS {
			l.sections[s.Name] += float64(s.Size)
		}
	}
	return nil
}

// addSymbols adds the functions and the variables of the binary.
func (l *listing) addSymbols(file *elf.File) error {
	symbols, err := file.Symbols()
	if err != nil {
		return err
	}
	for _, s := range symbols {
		switch elf.ST_TYPE(s.Info) {
		case elf.STT_FUNC:
			e := l.at(s.Name)
			e.count++
			e.code += float64(s.Size)
		case elf.STT_OBJECT:
			if int(s.Section) < len(file.Sections) && file.Sections[s.Section].Type == elf.SHT_NOBITS {
				continue
			}
			e := l.at(s.Name)
			e.count++
			e.data += float64(s.Size)
		default:
		}
	}
	return nil
}

// functionNames returns the names in the table of function names: those of all
// functions, and of those that are only there inlined into others.
func functionNames(file *elf.File) ([]string, error) {
	table, err := data(file, ".gopclntab")
	if err != nil {
		return nil, err
	}
	// The header, runtime.pcHeader: four bytes of magic, two zeros, two sizes, and
	// then numbers as wide as a pointer, of which the fourth and the fifth are where
	// the names begin, and where what follows them does.
	const magic = 0xfffffff1
	if len(table) < 48 || file.Class != elf.ELFCLASS64 || file.ByteOrder.Uint32(table) != magic {
		return nil, errors.New("the table of functions has an unknown form")
	}
	return cutNames(table, file.ByteOrder)
}

func cutNames(table []byte, order binary.ByteOrder) ([]string, error) {
	begin, end := order.Uint64(table[8+3*8:]), order.Uint64(table[8+4*8:])
	if begin >= end || end > uint64(len(table)) {
		return nil, errors.New("the table of functions has an unknown form")
	}
	text := strings.TrimRight(string(table[begin:end]), "\x00")
	return strings.Split(text, "\x00"), nil
}

func data(file *elf.File, section string) ([]byte, error) {
	s := file.Section(section)
	if s == nil {
		return nil, fmt.Errorf("the binary has no section %s", section)
	}
	return s.Data()
}

// addTypes adds the descriptors of types and their names, which have no symbols in
// the binary: those that the compiler made, as nm prints them, and that the linker
// kept in the section types.
func (l *listing) addTypes(nm string, types []byte) error {
	for line := range strings.Lines(nm) {
		// Address, size, kind, and a name with blanks.
		fields := strings.Fields(line)
		at := strings.Index(line, " type:")
		if at < 0 || len(fields) < 4 || fields[1] == "U" {
			continue
		}
		symbol := strings.TrimSpace(line[at:])
		name, ok := typeName(symbol)
		if !ok || !bytes.Contains(types, []byte(name)) {
			continue
		}
		size, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return fmt.Errorf("nm printed %q: %w", line, err)
		}
		e := l.at(symbol)
		e.count++
		e.data += float64(size)
	}
	return nil
}

// path is what precedes the last element of a package's path.
var path = regexp.MustCompile(`[\w.~-]+/`)

// typeName returns the name that the linker keeps in a binary with the symbol of a
// type's descriptor, or of its name. ok is false for other symbols.
func typeName(symbol string) (name string, ok bool) {
	name, ok = strings.CutPrefix(symbol, "type:")
	if !ok || strings.HasPrefix(name, ".eq.") || strings.HasPrefix(name, ".hash.") {
		return "", false
	}
	if text, ok := strings.CutPrefix(name, ".namedata."); ok {
		// At its end is whether the name is exported.
		return strings.TrimRight(text, "-."), true
	}
	name = path.ReplaceAllString(strings.TrimPrefix(name, "noalg."), "")
	if !strings.HasPrefix(name, "*") {
		name = "*" + name
	}
	return name, true
}

var (
	// numbered is the number of an endpoint.
	numbered = regexp.MustCompile(`0\d{3}`)
	// closure is a function within a function of the program, or a variable that the
	// compiler made: they are counted over all endpoints.
	closure = regexp.MustCompile(`^(main\..*\.func|main\.\.\w+[_.])\d+`)
)

// normalize returns the name of a symbol without what differs from one endpoint to
// the next, and with short words for the shapes of the request and the response.
func normalize(symbol string) string {
	return closure.ReplaceAllString(numbered.ReplaceAllString(shortShapes(symbol), "N"), "${1}#")
}

// shortShapes replaces the texts of the request's and the response's structs.
func shortShapes(symbol string) string {
	const shape = "struct {"
	var b strings.Builder
	for {
		begin := strings.Index(symbol, shape)
		if begin < 0 {
			b.WriteString(symbol)
			return b.String()
		}
		b.WriteString(symbol[:begin])
		end := begin + closing(symbol[begin:])
		text := symbol[begin:end]
		switch inner := text[len(shape):]; {
		case strings.Contains(inner, shape) || strings.HasPrefix(inner, " F uintptr"):
			// A struct around them.
			b.WriteString(shape)
			end = begin + len(shape)
		case strings.Contains(inner, " Name0"):
			b.WriteString("Request")
		case strings.Contains(inner, " Total0"):
			b.WriteString("Response")
		default:
			b.WriteString(text)
		}
		symbol = symbol[end:]
	}
}

// closing returns where the first brace of text is closed, or the end of the text.
func closing(text string) int {
	depth := 0
	for i, c := range text {
		switch c {
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

// perEndpoint returns what larger has more than smaller for each of the more
// endpoints that it has, the largest first.
func perEndpoint(smaller, larger *listing, more int) (entries []entry, sections map[string]float64) {
	n := float64(more)
	for symbol, e := range larger.entries {
		base := smaller.entries[symbol]
		if base == nil {
			base = &entry{}
		}
		each := entry{symbol, (e.count - base.count) / n, (e.code - base.code) / n, (e.name - base.name) / n, (e.data - base.data) / n}
		if each.bytes() > 0 {
			entries = append(entries, each)
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(b.bytes(), a.bytes()), cmp.Compare(a.symbol, b.symbol))
	})
	sections = map[string]float64{}
	for name, size := range larger.sections {
		sections[name] = (size - smaller.sections[name]) / n
	}
	return entries, sections
}

// listed returns the first entries, and the bytes of the sections, for a terminal.
func listed(entries []entry, sections map[string]float64, first int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%8s %8s %8s %8s %8s  %s\n", "bytes", "code", "name", "data", "symbols", "of one more endpoint")
	row := func(e entry) {
		fmt.Fprintf(&b, "%8.0f %8.0f %8.0f %8.0f %8.3g  %s\n", e.bytes(), e.code, e.name, e.data, e.count, e.symbol)
	}
	all, rest := entry{symbol: "(all)"}, entry{symbol: fmt.Sprintf("(%d others)", max(0, len(entries)-first))}
	for i, e := range entries {
		all.add(e)
		if i < first {
			row(e)
		} else {
			rest.add(e)
		}
	}
	row(rest)
	row(all)
	b.WriteString("\nsections of the file, in which the tables of lines and of stacks are as well:\n")
	for _, name := range slices.SortedFunc(maps.Keys(sections), func(a, b string) int {
		return cmp.Or(cmp.Compare(sections[b], sections[a]), cmp.Compare(a, b))
	}) {
		if sections[name] >= 0.5 {
			fmt.Fprintf(&b, "%8.0f  %s\n", sections[name], name)
		}
	}
	return b.String()
}

func (e *entry) add(other entry) {
	e.count += other.count
	e.code += other.code
	e.name += other.name
	e.data += other.data
}
