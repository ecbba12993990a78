package dns

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// maxAliases is how many CNAME records an answer may have. Resolvers follow fewer.
const maxAliases = 16

const rcodeBadVersion dnsmessage.RCode = 16 // RFC 6891 §9

// rcodeError is the error of a question that a server answered with a code.
type rcodeError dnsmessage.RCode

// Error returns the name that RFC 1035 §4.1.1 and its successors give the code.
func (e rcodeError) Error() string {
	switch code := dnsmessage.RCode(e); code {
	case dnsmessage.RCodeFormatError:
		return "FORMERR"
	case dnsmessage.RCodeServerFailure:
		return "SERVFAIL"
	case dnsmessage.RCodeNameError:
		return "NXDOMAIN"
	case dnsmessage.RCodeNotImplemented:
		return "NOTIMP"
	case dnsmessage.RCodeRefused:
		return "REFUSED"
	case rcodeBadVersion:
		return "BADVERS"
	default:
		return fmt.Sprintf("RCODE %d", uint16(e))
	}
}

var (
	errOtherQuestion = errors.New("the answer is one to another question")
	errReferral      = errors.New("the server refers to others and does not ask them")
	errAliases       = fmt.Errorf("the aliases are a loop, or more than %d", maxAliases)
	errLength        = errors.New("an address of the answer has a wrong length")
)

// kindText returns the name of a type of records, "AAAA".
func kindText(kind dnsmessage.Type) string { return strings.TrimPrefix(kind.String(), "Type") }

// A record is one that was asked for.
type record struct {
	addr netip.Addr // of A and AAAA

	priority, weight, port uint16 // of SRV, like the target
	target                 string // in lower case, with a dot at its end
}

// An answer is what a name server knows of a name.
type answer struct {
	exists  bool
	records []record      // of the kind that was asked for, all of them
	ttl     time.Duration // how long it is valid; unbounded if it does not say
}

// unbounded is the time to live of an answer without one.
const unbounded = time.Duration(1<<32) * time.Second

// A reply is one message of a name server.
type reply struct {
	code      dnsmessage.RCode
	truncated bool // nothing else was read
	answer    answer
	fault     error // why a reply to the question cannot be used
}

// readReply reads a message. It returns an error if the message does not answer the
// question. If heedTC is set, it reads no further than the bit TC. See decision 153.
func readReply(data []byte, id uint16, question dnsmessage.Question, heedTC bool) (reply, error) {
	var p dnsmessage.Parser
	h, err := p.Start(data)
	if err != nil {
		return reply{}, err
	}
	// "A resolver implementation MUST match responses to all of the following
	// attributes of the query: [...] Query ID, Query name, Query class and type"
	// (RFC 5452 §9.1). The kernel matches the addresses.
	if h.ID != id || !h.Response || h.OpCode != 0 {
		return reply{}, errOtherQuestion
	}
	asked, err := p.Question()
	switch {
	case errors.Is(err, dnsmessage.ErrSectionDone) && h.RCode == dnsmessage.RCodeFormatError:
		return reply{code: h.RCode}, nil // a server that cannot read the question cannot repeat it
	case errors.Is(err, dnsmessage.ErrSectionDone):
		return reply{}, errOtherQuestion
	case err != nil:
		return reply{}, err
	case asked.Type != question.Type || asked.Class != question.Class || lower(asked.Name.String()) != lower(question.Name.String()):
		return reply{}, errOtherQuestion
	}
	if _, err := p.Question(); !errors.Is(err, dnsmessage.ErrSectionDone) {
		return reply{}, errOtherQuestion
	}
	// "When a DNS client receives a reply with TC set, it should ignore that
	// response, and query again, using a mechanism, such as a TCP connection, that
	// will permit larger replies" (RFC 2181 §9).
	if h.Truncated && heedTC {
		return reply{truncated: true}, nil
	}
	// An answer with fewer records than its header counts has lost its end, and part of
	// a set must not pass for the whole.
	rest := p
	if err := rest.SkipAllAnswers(); err != nil {
		return reply{}, err
	}
	r := reply{code: fullCode(rest, h)}
	switch r.code {
	case dnsmessage.RCodeSuccess, dnsmessage.RCodeNameError:
		r.answer, err = readAnswer(p, h, question)
	}
	if errors.Is(err, errReferral) || errors.Is(err, errAliases) {
		r.fault, err = err, nil
	}
	return r, err
}

// fullCode returns the code of a message, four bits of which are in its header and eight
// in its OPT record (RFC 6891 §6.1.3). p is past the answers. If the rest cannot be read,
// the code is that of the header.
func fullCode(p dnsmessage.Parser, head dnsmessage.Header) dnsmessage.RCode {
	err := p.SkipAllAuthorities()
	for err == nil {
		var h dnsmessage.ResourceHeader
		if h, err = p.AdditionalHeader(); err == nil && h.Type == dnsmessage.TypeOPT {
			return h.ExtendedRCode(head.RCode)
		}
		if err == nil {
			err = p.SkipAdditional()
		}
	}
	return head.RCode
}

// readAnswer reads the records of a message whose questions were read.
func readAnswer(p dnsmessage.Parser, head dnsmessage.Header, question dnsmessage.Question) (answer, error) {
	a := answer{exists: head.RCode == dnsmessage.RCodeSuccess, ttl: unbounded}
	owner, err := a.followAliases(p, lower(question.Name.String()))
	if err != nil {
		return a, err
	}
	for {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return a, err
		}
		if !a.exists || h.Type != question.Type || h.Class != question.Class || lower(h.Name.String()) != owner {
			if err := p.SkipAnswer(); err != nil {
				return a, err
			}
			continue
		}
		r, err := readRecord(&p, h)
		if err != nil {
			return a, err
		}
		a.expires(h.TTL)
		a.records = append(a.records, r)
	}
	if len(a.records) == 0 {
		return a, a.readDenial(p, head)
	}
	return a, nil
}

// followAliases returns the name at the end of the chain of CNAME records that starts
// at name. Records of other owners answer other questions. The records of an answer
// are in no order.
func (a *answer) followAliases(p dnsmessage.Parser, name string) (string, error) {
	type alias struct {
		target string
		ttl    uint32
	}
	aliases := map[string]alias{}
	for {
		h, err := p.AnswerHeader()
		if errors.Is(err, dnsmessage.ErrSectionDone) {
			break
		}
		if err != nil {
			return "", err
		}
		if h.Type != dnsmessage.TypeCNAME || h.Class != dnsmessage.ClassINET {
			if err := p.SkipAnswer(); err != nil {
				return "", err
			}
			continue
		}
		r, err := p.CNAMEResource()
		if err != nil {
			return "", err
		}
		if len(aliases) == maxAliases {
			return "", errAliases
		}
		owner := lower(h.Name.String())
		if _, ok := aliases[owner]; !ok {
			aliases[owner] = alias{lower(r.CNAME.String()), h.TTL}
		}
	}
	for range maxAliases + 1 {
		next, ok := aliases[name]
		if !ok {
			return name, nil
		}
		a.expires(next.ttl)
		name = next.target
	}
	return "", errAliases
}

// readRecord reads a record whose header was read.
func readRecord(p *dnsmessage.Parser, h dnsmessage.ResourceHeader) (record, error) {
	switch h.Type {
	case dnsmessage.TypeA:
		r, err := p.AResource()
		if err == nil && int(h.Length) != len(r.A) {
			err = errLength
		}
		return record{addr: netip.AddrFrom4(r.A)}, err
	case dnsmessage.TypeAAAA:
		r, err := p.AAAAResource()
		if err == nil && int(h.Length) != len(r.AAAA) {
			err = errLength
		}
		return record{addr: netip.AddrFrom16(r.AAAA).Unmap()}, err
	default:
		r, err := p.SRVResource()
		return record{priority: r.Priority, weight: r.Weight, port: r.Port, target: lower(r.Target.String())}, err
	}
}

// readDenial reads the authority section of an answer without records. It notes how long
// the answer is valid: the lower one of the SOA record's own time to live and
// of the minimum in it (RFC 2308 §5). Name servers without that record are a referral (RFC
// 2308 §2.2) if they come from one that neither claims authority nor asks others. See
// decision 92.
func (a *answer) readDenial(p dnsmessage.Parser, head dnsmessage.Header) error {
	refers := false
	for {
		h, err := p.AuthorityHeader()
		switch {
		case err != nil:
			if refers && a.exists && !head.Authoritative && !head.RecursionAvailable {
				return errReferral
			}
			return nil
		case h.Type == dnsmessage.TypeSOA:
			soa, err := p.SOAResource()
			if err != nil {
				return err
			}
			a.expires(min(h.TTL, soa.MinTTL))
			return nil
		case h.Type == dnsmessage.TypeNS:
			refers = true
		}
		if err := p.SkipAuthority(); err != nil {
			return err
		}
	}
}

// expires notes how long a record is valid. The records of a set expire with the first
// of them (RFC 2181 §5.2).
func (a *answer) expires(ttl uint32) {
	a.ttl = min(a.ttl, time.Duration(ttl)*time.Second)
}
