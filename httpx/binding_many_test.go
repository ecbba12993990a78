package httpx_test

import (
	"testing"
)

// TestManyParameters has one parameter more than a request can have.
func TestManyParameters(t *testing.T) {
	t.Parallel()
	refused(t, post[manyParameters](), []string{"httpx: one.Do: request: it has more than 64 parameters"})
}

type manyParameters struct {
	A00 int `query:"a00"`
	A01 int `query:"a01"`
	A02 int `query:"a02"`
	A03 int `query:"a03"`
	A04 int `query:"a04"`
	A05 int `query:"a05"`
	A06 int `query:"a06"`
	A07 int `query:"a07"`
	A08 int `query:"a08"`
	A09 int `query:"a09"`
	A10 int `query:"a10"`
	A11 int `query:"a11"`
	A12 int `query:"a12"`
	A13 int `query:"a13"`
	A14 int `query:"a14"`
	A15 int `query:"a15"`
	A16 int `query:"a16"`
	A17 int `query:"a17"`
	A18 int `query:"a18"`
	A19 int `query:"a19"`
	A20 int `query:"a20"`
	A21 int `query:"a21"`
	A22 int `query:"a22"`
	A23 int `query:"a23"`
	A24 int `query:"a24"`
	A25 int `query:"a25"`
	A26 int `query:"a26"`
	A27 int `query:"a27"`
	A28 int `query:"a28"`
	A29 int `query:"a29"`
	A30 int `query:"a30"`
	A31 int `query:"a31"`
	A32 int `query:"a32"`
	A33 int `query:"a33"`
	A34 int `query:"a34"`
	A35 int `query:"a35"`
	A36 int `query:"a36"`
	A37 int `query:"a37"`
	A38 int `query:"a38"`
	A39 int `query:"a39"`
	A40 int `query:"a40"`
	A41 int `query:"a41"`
	A42 int `query:"a42"`
	A43 int `query:"a43"`
	A44 int `query:"a44"`
	A45 int `query:"a45"`
	A46 int `query:"a46"`
	A47 int `query:"a47"`
	A48 int `query:"a48"`
	A49 int `query:"a49"`
	A50 int `query:"a50"`
	A51 int `query:"a51"`
	A52 int `query:"a52"`
	A53 int `query:"a53"`
	A54 int `query:"a54"`
	A55 int `query:"a55"`
	A56 int `query:"a56"`
	A57 int `query:"a57"`
	A58 int `query:"a58"`
	A59 int `query:"a59"`
	A60 int `query:"a60"`
	A61 int `query:"a61"`
	A62 int `query:"a62"`
	A63 int `query:"a63"`
	A64 int `query:"a64"`
}
