package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/typedkit/endpoint/internal/programtest"
)

func TestMain(m *testing.M) { programtest.Main(m, main) }

func TestArguments(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args []string
		code int
		says string
	}{
		"help":         {[]string{"-h"}, 0, "(default :7878)"},
		"unknown flag": {[]string{"-nope"}, 2, "flag provided but not defined: -nope"},
		"argument":     {[]string{"x"}, 2, `pathfinder: unexpected argument "x"`},
		"no port":      {[]string{"-http.addr", "localhost"}, 2, `invalid value "localhost" for flag -http.addr: `},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programtest.Run(t, programtest.Self(t), tt.args...)
			require.Equal(t, tt.code, got.Code)
			require.Contains(t, got.Stderr, tt.says)
			require.Empty(t, got.Stdout)
		})
	}
}

func TestServe(t *testing.T) {
	t.Parallel()
	p := programtest.Launch(t, programtest.Self(t), "-http.addr", "127.0.0.1:0")
	addr := p.Addresses(t, "HTTP")["HTTP"]
	require.Contains(t, programtest.Get(t, addr+"/paths?from=SESTO&to=CNHKG"), `{"paths":[{"edges":[{"origin":"SESTO","destination":"CNHKG","voyage":"0100S",`)
	p.Stop(t)
}
