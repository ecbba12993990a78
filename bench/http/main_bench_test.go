package main

import "testing"

// BenchmarkAll has the cases in process as benchmarks, for a profile of one:
//
//	go test ./http -run=- -bench='All/small_POST,_client_in_memory/httpx.Client' -cpuprofile=cpu.out
func BenchmarkAll(b *testing.B) {
	cases, err := handlerCases()
	if err != nil {
		b.Fatal(err)
	}
	more, err := memoryCases()
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range append(cases, more...) {
		b.Run(c.Group+"/"+c.Kind, func(b *testing.B) {
			b.ReportAllocs()
			if err := c.Run(b.N); err != nil {
				b.Fatal(err)
			}
		})
	}
}
