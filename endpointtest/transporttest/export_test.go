package transporttest

// Cases returns all cases.
func Cases() []Case {
	var all []Case
	for _, r := range rows() {
		all = append(all, r.name)
	}
	return all
}
