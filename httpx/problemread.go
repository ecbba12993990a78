package httpx

import (
	"github.com/typedkit/endpoint/internal/problem"
)

// readProblem reads the body of an error. cut reports whether body is only the start
// of it, of which the members that are whole are read. ok reports whether the body is
// a problem, if it has a code.
func readProblem(body []byte, cut bool) (p *Problem, ok bool) {
	d, ok := problem.Read(body, cut)
	p = &Problem{
		Type: d.Type, Title: d.Title, Status: d.Status, Detail: d.Detail, Instance: d.Instance,
		Code: d.Code, Domain: d.Domain, Reason: d.Reason,
		RetryAfter: d.RetryAfter, Meta: d.Meta, Extensions: d.Extensions,
	}
	for _, v := range d.Errors {
		p.Errors = append(p.Errors, ProblemViolation(v))
	}
	for _, l := range d.Help {
		p.Help = append(p.Help, ProblemLink(l))
	}
	return p, ok
}

// document returns what of p an *endpoint.Error has a place for.
func (p *Problem) document() *problem.Document {
	d := &problem.Document{Detail: p.Detail, Code: p.Code, Domain: p.Domain, Reason: p.Reason, RetryAfter: p.RetryAfter, Meta: p.Meta}
	for _, v := range p.Errors {
		d.Errors = append(d.Errors, problem.Violation(v))
	}
	for _, l := range p.Help {
		d.Help = append(d.Help, problem.Link(l))
	}
	return d
}
