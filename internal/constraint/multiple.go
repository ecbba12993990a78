package constraint

import (
	"math/bits"
	"strconv"
	"strings"
	"unsafe"
)

// multiple returns the check that a number is a multiple of another one.
func multiple[T numeric](c *compiler, r rules, at place) check {
	text, ok := r.tags[multipleOf]
	if !ok {
		return nil
	}
	of, ok := decimalOf(text)
	if !ok || of.digits == 0 || !isFloat[T]() && of.exponent < 0 {
		c.fault(at, "tag multipleOf has %q, which is not a number above 0 of this type", text)
		return nil
	}
	detail := "must be a multiple of " + text
	return func(w *walk, p unsafe.Pointer) {
		if v, ok := magnitude(as[T](p)); !ok || !v.isMultiple(of) {
			w.fail(detail)
		}
	}
}

// A decimal is a number above or equal to 0: digits times 10 to the exponent. The rule is
// about the number as it is written: 0.3 is a multiple of 0.1, although the float64 that is
// nearest to 0.3 is not one of that nearest to 0.1.
type decimal struct {
	digits   uint64
	exponent int
}

// decimalOf reads a number without a sign, of at most 19 digits.
func decimalOf(text string) (d decimal, ok bool) {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits, err := strconv.ParseUint(whole+fraction, 10, 64)
	if err != nil || whole == "" {
		return d, false
	}
	d = decimal{digits, -len(fraction)}
	if scientific {
		e, err := strconv.Atoi(exponent)
		if err != nil {
			return d, false
		}
		d.exponent += e
	}
	return d.reduced(), true
}

// isMultiple reports whether d is a whole number of times of.
func (d decimal) isMultiple(of decimal) bool {
	if d.digits == 0 {
		return true
	}
	// Neither has a zero at its end, so that 10 to the difference of the exponents is a
	// factor of d, or must be taken from it.
	up := d.exponent - of.exponent
	if up < 0 {
		return false
	}
	rest := d.digits % of.digits
	for ; up > 0 && rest != 0; up-- {
		hi, lo := bits.Mul64(rest, 10)
		_, rest = bits.Div64(hi, lo, of.digits)
	}
	return rest == 0
}

// magnitude returns v without its sign. ok is false if v is not finite.
func magnitude[T numeric](v T) (d decimal, ok bool) {
	switch {
	case isFloat[T]():
		return ofFloat(float64(v), int(8*unsafe.Sizeof(v)))
	case v < 0:
		return decimal{digits: -uint64(v)}.reduced(), true // in two's complement
	}
	return decimal{digits: uint64(v)}.reduced(), true
}

// reduced returns d without zeros at the end of its digits.
func (d decimal) reduced() decimal {
	for d.digits != 0 && d.digits%10 == 0 {
		d.digits /= 10
		d.exponent++
	}
	return d
}

// ofFloat returns the shortest decimal that is read as v.
func ofFloat(v float64, size int) (decimal, bool) {
	if v < 0 {
		v = -v
	}
	var room [32]byte
	text := strconv.AppendFloat(room[:0], v, 'e', -1, size) // d.ddde±dd
	var d decimal
	at, point := 0, false
	for ; at < len(text) && text[at] != 'e'; at++ {
		switch c := text[at]; {
		case c == '.':
			point = true
		case c < '0' || c > '9':
			return d, false // NaN, Inf
		default:
			d.digits = d.digits*10 + uint64(c-'0')
			if point {
				d.exponent--
			}
		}
	}
	if at == len(text) {
		return d, false
	}
	e, sign := 0, 1
	for _, c := range text[at+1:] {
		switch c {
		case '-':
			sign = -1
		case '+':
		default:
			e = e*10 + int(c-'0')
		}
	}
	d.exponent += sign * e
	return d.reduced(), true
}
