package transporttest

// Cases returns all cases.
func Cases() []Case {
	var all []Case
	for _, r := range rows() {
		all = append(all, r.name)
	}
	return all
}

// CountingEnd returns an End that counts targets, and what returns their fault.
func CountingEnd() (e End, problem func() string) {
	t := new(targets)
	return End{targets: t}, t.problem
}
