package dns

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"

	"golang.org/x/net/dns/dnsmessage"
)

// answerSize is how large an answer over UDP may be: what fits into a packet on
// nearly all paths (DNS Flag Day 2020).
const answerSize = 1232

var errNoConn = errors.New("the func of option Dial returned neither a conn nor an error")

// askServer asks one server: over UDP, and again over TCP if the answer does not fit,
// which every server must offer (RFC 7766 §5; RFC 5966 before it).
//
// "Responders that choose not to implement the protocol extensions defined in this
// document MUST respond with a return code (RCODE) of FORMERR to messages containing an
// OPT record" (RFC 6891 §7). Older ones answer NOTIMP (RFC 2671 §5.3), and one that
// knows no version 0 answers BADVERS. They are asked again without the record.
func (q *query) askServer(ctx context.Context, server string, question dnsmessage.Question) (answer, error) {
	withEDNS := q.knowsEDNS(server)
	r, err := q.askWith(ctx, server, question, withEDNS)
	if err == nil && withEDNS && mayBeEDNS(r.code) {
		if r, err = q.askWith(ctx, server, question, false); err == nil && !mayBeEDNS(r.code) {
			q.noteNoEDNS(server)
		}
	}
	switch {
	case err != nil:
		return answer{}, err
	case r.fault != nil:
		return answer{}, r.fault
	case r.code != dnsmessage.RCodeSuccess && r.code != dnsmessage.RCodeNameError:
		return answer{}, rcodeError(r.code)
	}
	return r.answer, nil
}

// mayBeEDNS reports whether code may be the answer of a server without EDNS.
func mayBeEDNS(code dnsmessage.RCode) bool {
	switch code {
	case dnsmessage.RCodeFormatError, dnsmessage.RCodeNotImplemented, rcodeBadVersion:
		return true
	}
	return false
}

func (q *query) askWith(ctx context.Context, server string, question dnsmessage.Question, withEDNS bool) (reply, error) {
	if !q.resolver.useTCP {
		r, err := q.exchange(ctx, "udp", server, question, withEDNS)
		if err != nil || !r.truncated {
			return r, err
		}
	}
	return q.exchange(ctx, "tcp", server, question, withEDNS)
}

// exchange sends a question and waits for the reply to it.
func (q *query) exchange(ctx context.Context, network, server string, question dnsmessage.Question, withEDNS bool) (reply, error) {
	id := newID()
	message, err := pack(id, question, withEDNS)
	if err != nil {
		return reply{}, err
	}
	within, cancel := context.WithTimeout(ctx, q.timeout)
	defer cancel()
	conn, err := q.config.dial(within, network, server)
	if err != nil {
		return reply{}, err
	}
	if conn == nil {
		return reply{}, errNoConn
	}
	defer func() { _ = conn.Close() }()
	// The end of the context also ends a read.
	defer context.AfterFunc(within, func() { _ = conn.Close() })()

	read := readStream
	if isPacket(conn) {
		read = readPacket
	} else {
		message = append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...) //nolint:gosec // one question is shorter
	}
	_, err = conn.Write(message)
	if err == nil {
		var r reply
		if r, err = read(within, conn, id, question); err == nil {
			return r, nil
		}
	}
	switch {
	case ctx.Err() != nil:
		err = ctx.Err() // rather than the error of the conn, which its end closed
	case within.Err() != nil:
		err = errors.Join(fmt.Errorf("%s: no answer in %v: %w", server, q.timeout, context.DeadlineExceeded), ignored(err))
	}
	return reply{}, err
}

// newID returns an ID that cannot be guessed (RFC 5452 §9.2).
func newID() uint16 {
	var id [2]byte
	_, _ = rand.Read(id[:]) // it does not fail
	return binary.BigEndian.Uint16(id[:])
}

// pack returns a message with a question, and how large the answer may be.
func pack(id uint16, question dnsmessage.Question, withEDNS bool) ([]byte, error) {
	m := dnsmessage.Message{
		ID: id, RecursionDesired: true,
		Questions: []dnsmessage.Question{question},
	}
	if withEDNS {
		var h dnsmessage.ResourceHeader
		if err := h.SetEDNS0(answerSize, dnsmessage.RCodeSuccess, false); err != nil {
			return nil, err
		}
		m.Additionals = []dnsmessage.Resource{{Header: h, Body: &dnsmessage.OPTResource{}}}
	}
	return m.Pack()
}

// isPacket reports whether what is read from conn is a whole message. A net.UnixConn is
// a net.PacketConn even where it is a stream.
func isPacket(conn net.Conn) bool {
	if _, ok := conn.(net.PacketConn); !ok {
		return false
	}
	if addr, ok := conn.LocalAddr().(*net.UnixAddr); ok {
		return addr.Net != "unix"
	}
	return true
}

// An ignoredError is the last fault of the packets that were passed over.
type ignoredError struct{ error }

func (e ignoredError) Unwrap() error { return e.error }

// ignored returns an error about the packets that were passed over, or nil if there were
// none.
func ignored(err error) error {
	if e, ok := errors.AsType[ignoredError](err); ok {
		return fmt.Errorf("ignored a packet: %w", e.error)
	}
	return nil
}

// readPacket waits for a packet that answers the question. It passes over all others,
// since anyone can send them.
func readPacket(ctx context.Context, conn net.Conn, id uint16, question dnsmessage.Question) (reply, error) {
	packet := make([]byte, answerSize+1)
	var last error
	for {
		n, err := conn.Read(packet)
		if err == nil {
			err = ctx.Err() // a flood of packets must not keep a conn without deadlines
		}
		if err != nil {
			if last != nil {
				return reply{}, errors.Join(err, ignoredError{last})
			}
			return reply{}, err
		}
		// A packet that is larger than was asked for has lost its end.
		if n > answerSize && binary.BigEndian.Uint16(packet) == id {
			return reply{truncated: true}, nil
		}
		r, err := readReply(packet[:n], id, question, true)
		if err == nil {
			return r, nil
		}
		last = err
	}
}

// readStream reads the one message that a stream has, with its length before it (RFC
// 1035 §4.2.2). Some servers copy the bit TC from the answer over UDP to the whole
// answer over TCP. TCP is the last resort, so readStream ignores the bit, as the C
// library and package net do (go.dev/issue/64896).
func readStream(_ context.Context, conn net.Conn, id uint16, question dnsmessage.Question) (reply, error) {
	var length [2]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return reply{}, err
	}
	message := make([]byte, binary.BigEndian.Uint16(length[:]))
	if _, err := io.ReadFull(conn, message); err != nil {
		return reply{}, err
	}
	return readReply(message, id, question, false)
}
