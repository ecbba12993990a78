package edge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
)

// socketMode lets the owner and the group of the process connect, which takes the
// permission to write.
const socketMode = 0o660

// listenUnix listens on the unix socket at path.
func listenUnix(ctx context.Context, path string) (net.Listener, error) {
	abstract := strings.HasPrefix(path, "@")
	if !abstract {
		if err := removeStale(ctx, path); err != nil {
			return nil, err
		}
	}
	config := net.ListenConfig{Control: restrict}
	l, err := config.Listen(ctx, "unix", path)
	if err != nil || abstract {
		return l, short(err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false) // it would remove a file of another process too
	file, err := os.Lstat(path)
	if err == nil {
		err = os.Chmod(path, socketMode)
	}
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return &unixListener{Listener: l, path: path, file: file}, nil
}

// removeStale removes the file of a socket that no process listens on. It returns an
// error for any other file.
func removeStale(ctx context.Context, path string) error {
	file, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case file.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("the file is not a socket: %w", syscall.EADDRINUSE)
	}
	c, err := new(net.Dialer).DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		return errors.Join(syscall.EADDRINUSE, c.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fmt.Errorf("a process may be listening: %w: %w", syscall.EADDRINUSE, short(err))
}

// A unixListener removes the file of its socket when it is closed, unless the path has
// another file by then.
type unixListener struct {
	net.Listener
	path string
	file fs.FileInfo
	once sync.Once
}

func (l *unixListener) Close() error {
	l.once.Do(func() {
		if now, err := os.Lstat(l.path); err == nil && os.SameFile(l.file, now) {
			_ = os.Remove(l.path)
		}
	})
	return l.Listener.Close()
}
