package advertise

// Find is Address with another way to dial.
var Find = address
