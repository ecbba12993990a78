package main

import (
	"embed"
	"fmt"
	"strings"
)

// The variants: the folders below programs. Each is a program that compiles as it is,
// with one endpoint.
const (
	variantHTTP    = "http"
	variantGRPC    = "grpc"
	variantStream  = "stream"
	variantChain   = "chain"
	variantByHand  = "byhand"
	variantConnect = "connect"
	variantHuma    = "huma"
)

func variants() []string {
	return []string{variantHTTP, variantGRPC, variantStream, variantChain, variantByHand, variantConnect, variantHuma}
}

//go:embed programs/*/main.go
var programs embed.FS

// The lines of a program between these two are there once for each endpoint.
const (
	markEach = "// each endpoint"
	markEnd  = "// end"
)

// firstNumber stands for the number of the endpoint in the lines that are repeated.
// All numbers are as long, so that names are.
const firstNumber = "0001"

// source returns the program of a variant with n endpoints.
func source(variant string, n int) (string, error) {
	text, err := programs.ReadFile("programs/" + variant + "/main.go")
	if err != nil {
		return "", fmt.Errorf("unknown variant %q", variant)
	}
	program, err := expand(string(text), n)
	if err != nil {
		return "", fmt.Errorf("programs/%s/main.go: %w", variant, err)
	}
	return program, nil
}

// expand repeats each marked block n times, numbered from 1.
func expand(text string, n int) (string, error) {
	var b strings.Builder
	var block []string
	inBlock, blocks, number := false, 0, 0
	for line := range strings.Lines(text) {
		number++
		switch strings.TrimSpace(line) {
		case markEach:
			if inBlock {
				return "", fmt.Errorf("line %d: %q inside a block", number, markEach)
			}
			inBlock, block = true, nil
		case markEnd:
			if !inBlock {
				return "", fmt.Errorf("line %d: %q outside a block", number, markEnd)
			}
			inBlock = false
			blocks++
			each := strings.Join(block, "")
			for i := range n {
				b.WriteString(strings.ReplaceAll(each, firstNumber, fmt.Sprintf("%04d", i+1)))
			}
		default:
			if inBlock {
				block = append(block, line)
			} else {
				b.WriteString(line)
			}
		}
	}
	switch {
	case inBlock:
		return "", fmt.Errorf("the last block lacks %q", markEnd)
	case blocks == 0:
		return "", fmt.Errorf("no block begins with %q", markEach)
	}
	return b.String(), nil
}
