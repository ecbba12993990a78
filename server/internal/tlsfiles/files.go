package tlsfiles

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxFile is the size of the largest file that is read. A bundle of all public
// authorities has a quarter of it.
const maxFile = 1 << 20

// contents are what the files have. They are compared as they are: a time of change has
// too coarse a grain, and a swap of links changes no file.
type contents struct {
	certificate, key, clientCAs []byte
	fault                       string // of what cannot be read
}

func (c contents) equal(o contents) bool {
	return bytes.Equal(c.certificate, o.certificate) && bytes.Equal(c.key, o.key) && bytes.Equal(c.clientCAs, o.clientCAs) && c.fault == o.fault
}

// read reads the files.
func (f Files) read() (contents, error) {
	var c contents
	var errs []error
	read := func(to *[]byte, name string) {
		b, err := readFile(name)
		*to, errs = b, append(errs, err)
	}
	read(&c.certificate, f.Certificate)
	read(&c.key, f.Key)
	if f.ClientCAs != "" {
		read(&c.clientCAs, f.ClientCAs)
	}
	err := errors.Join(errs...)
	if err != nil {
		c.fault = err.Error()
	}
	return c, err
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		return nil, fmt.Errorf("%s has more than %d bytes", name, maxFile)
	}
	return b, err
}
