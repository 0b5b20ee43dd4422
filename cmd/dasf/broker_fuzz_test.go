package main

import "testing"

func FuzzBrokerFile(f *testing.F) {
	f.Add("listen: 127.0.0.1:0\nallow-origin: [a, b]\ninsecure_no_auth: true\n")
	f.Add("a: &a [*a]\n")
	f.Add("listen: !!binary aGk=\n")
	f.Fuzz(func(t *testing.T, text string) {
		values, err := parseBrokerFile("f.yaml", []byte(text))
		if err == nil {
			for name, v := range values {
				if v.Where == "" || name == "config" {
					t.Errorf("%s: %+v", name, v)
				}
			}
		}
	})
}
