//go:build !unix

package edge

import (
	"errors"
	"syscall"
)

func duplicate(int) (int, error) { return 0, errors.ErrUnsupported }

func restrict(_, _ string, _ syscall.RawConn) error { return nil }
