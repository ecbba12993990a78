package main

import (
	"testing"
	"unsafe"
)

func TestRecordSizes(t *testing.T) {
	t.Parallel()
	for want, got := range map[uintptr]uintptr{
		16: unsafe.Sizeof(record16{}), 64: unsafe.Sizeof(record64{}), 256: unsafe.Sizeof(record256{}),
	} {
		if got != want {
			t.Errorf("the record for %d bytes has %d", want, got)
		}
	}
}
