package store

import (
	"testing"

	"go.etcd.io/bbolt"
)

// setMeta writes into the index what no store of this version writes.
func setMeta(t *testing.T, s *Store, key, value []byte) {
	t.Helper()
	err := s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(metaBucket).Put(key, value) })
	if err != nil {
		t.Fatal(err)
	}
}
