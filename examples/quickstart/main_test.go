package main

import "testing"

func TestQuickstart(t *testing.T) {
	got, err := run(t.Context())
	if err != nil || got != "Hello World, Peter" {
		t.Errorf("got %q, %v", got, err)
	}
}
