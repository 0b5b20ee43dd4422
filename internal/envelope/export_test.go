package envelope

// Decode is the full decoder, with which Scan is compared.
func (f *Frame) Decode(text []byte) error {
	f.reset()
	return f.decode(text)
}

// ScanPlain is the plain path alone.
func (f *Frame) ScanPlain(text []byte) bool {
	f.reset()
	return f.scan(text)
}
