package thriftx

import (
	"bytes"
	"encoding/binary"
	"io"
	"math"
)

// A frame of THeader: its length, then a magic number and flags, the number of the message
// and the length of the metadata, which are counted in words of four bytes and begin with
// the numbers of the protocol and of the transforms.
const (
	magic      = 0x0fff
	headerMeta = 10
	word       = 4

	maxMetadata = headerMeta + word*math.MaxUint16
)

// prefetch reads a message of THeader, which is a frame, with or without metadata. Thrift's
// library would make room for what a frame announces, and decompress without a bound.
func (l *link) prefetch() error {
	start, err := l.r.Peek(4)
	if err != nil {
		return l.fail(err)
	}
	if isUnframed(start) {
		return nil
	}
	n := int(binary.BigEndian.Uint32(start))
	if n < 4 {
		return l.fail(errMalformed)
	}
	_, _ = l.r.Discard(4)
	var frame bytes.Buffer
	frame.Write(binary.BigEndian.AppendUint32(nil, uint32(n))) //nolint:gosec // it was one
	l.taken = 4
	for frame.Len()-4 < n {
		m, err := io.CopyN(&frame, l.r, int64(min(n+4-frame.Len(), 4<<10)))
		if err != nil {
			return l.fail(err)
		}
		if l.extra == 0 {
			l.extra = metadataSize(frame.Bytes())
		}
		if err := l.count(int(m)); err != nil {
			return err
		}
	}
	if err := checkFrame(frame.Bytes()); err != nil {
		return l.fail(err)
	}
	l.ahead = frame.Bytes()
	return nil
}

// isUnframed reports whether a message starts so that is not in a frame: the version of
// the binary or the compact protocol.
func isUnframed(start []byte) bool {
	return start[0] == 0x80 && start[1] == 0x01 || start[0] == 0x82 && start[1]&0x1f == 1
}

// metadataSize returns the size of the metadata in a frame, of which the start is enough,
// and of what announces them.
func metadataSize(frame []byte) int {
	if len(frame) < 4+headerMeta || binary.BigEndian.Uint16(frame[4:]) != magic {
		return 0
	}
	return headerMeta + word*int(binary.BigEndian.Uint16(frame[4+8:]))
}

// checkFrame refuses a frame with metadata that are cut, or with transforms.
func checkFrame(frame []byte) error {
	size := metadataSize(frame)
	if size == 0 {
		return nil
	}
	if size > len(frame)-4 {
		return errMalformed
	}
	header := bytes.NewReader(frame[4+headerMeta : 4+size])
	if _, err := binary.ReadUvarint(header); err != nil { // the protocol
		return errMalformed
	}
	switch transforms, err := binary.ReadUvarint(header); {
	case err != nil:
		return errMalformed
	case transforms != 0:
		return errCompressed
	}
	return nil
}
