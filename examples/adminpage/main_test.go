package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestArguments(t *testing.T) {
	t.Parallel()
	for says, args := range map[string][]string{
		"flag provided but not defined: -nope":                                        {"-nope"},
		"adminpage: -rate must be between 0 and 1000, and no arguments are allowed\n": {"x"},
		`invalid value "8081" for flag -listen: `:                                     {"-listen", "8081"},
		`invalid value "localhost" for flag -admin: `:                                 {"-admin", "localhost"},
		`invalid value "many" for flag -rate: `:                                       {"-rate", "many"},
	} {
		got := programtest.Run(t, programtest.Self(t), args...)
		require.Equal(t, 2, got.Code, says)
		require.Contains(t, got.Stderr, says)
		require.Empty(t, got.Stdout)
	}
}

// TestMainServes stops the program by a signal.
func TestMainServes(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "-listen", "127.0.0.1:0", "-admin", "127.0.0.1:0", "-rate", "0")
	addrs := p.Addresses(t, "HTTP", "admin")
	require.Equal(t, `{"cents":700}`, programtest.Get(t, addrs["HTTP"]+"/items/7/price"))
	require.Contains(t, programtest.Get(t, addrs["admin"]+"/endpoints"), `"name":"Price","side":"client"`)
	p.Stop(t)
}
