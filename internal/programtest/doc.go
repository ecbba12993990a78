// Package programtest tests the programs of the examples as what users have of
// them: processes of their own, and the commands of a README.
package programtest
