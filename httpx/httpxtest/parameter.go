package httpxtest

import (
	"strings"
)

// paramVariants returns the values to try of a parameter whose values are texts.
func (m *maker) paramVariants(p param, texts []string) []variant {
	n := p.node
	var all []variant
	if p.in != "path" {
		all = append(all, variant{"absent", nil, p.required})
	}
	single := n
	if n.kind == list {
		single = n.elem
		for _, v := range m.lists(n, listOf(texts)) {
			if v.name != "empty" {
				all = append(all, v)
			}
		}
	} else if len(texts) > 0 && p.in != "path" {
		all = append(all, variant{"given twice", []any{texts[0], texts[0]}, false})
	}
	for _, v := range m.variants(single, nil) {
		switch v.name {
		case "null", "of the wrong kind", "true", "false":
			continue
		}
		all = append(all, v)
	}
	switch single.kind {
	case integer, number, boolean, moment:
		all = append(all, variant{"of the wrong kind", "x", true})
	}
	var sendable []variant
	for _, v := range all {
		if canSend(p.in, textsOf(v.value)) {
			sendable = append(sendable, v)
		}
	}
	return sendable
}

func listOf(texts []string) []any {
	l := make([]any, len(texts))
	for i, s := range texts {
		l[i] = s
	}
	return l
}

// canSend reports whether texts can be in a place of a request, whatever a server says to
// them.
func canSend(in string, texts []string) bool {
	for _, s := range texts {
		switch in {
		case "path":
			if s == "" || s == "." || s == ".." {
				return false
			}
		case "header":
			if s != strings.TrimSpace(s) || len(s) > most {
				return false
			}
		case "cookie":
			if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`",;\`, r) }) || len(s) > 1000 {
				return false
			}
		}
	}
	return true
}
