// Package store is the durable store of the embedded broker: a map from keys
// to a value and, where there is one, a body. It knows nothing of topics.
//
// # Files
//
//	index.db      a bbolt database: keys, values, and where the bodies are
//	00000001.seg  segments: the log of all changes, bodies included
//
// A change is appended to the newest segment and is durable once that is
// synced; all changes that come while the disk is busy share the next sync.
// The index is brought up to date behind that, in large transactions, together
// with the position in the log up to which it is complete. What is deleted
// before its turn never reaches it. Opening reads only the log behind that
// position, which is at most some ten megabytes, whatever the store holds.
//
// A segment is removed when the index is past it and no body in it is live.
// When dead bodies take more than live ones, the live bodies of the emptiest
// segments are moved to the end of the log.
//
// # Format 1
//
// Numbers are little-endian, varints are those of encoding/binary. A segment
// begins with a header of 24 bytes: the magic "dasfseg\x01", the store's id (8
// bytes), its number (4), and the checksum of these 20 (4). Records follow:
//
//	checksum  4 bytes  CRC-32C of all that follows, begun with the segment's number
//	length    4 bytes  of all that follows
//	kind      1 byte   1 put, 2 set, 3 delete, 4 move
//	key       varint length, bytes
//	value     varint length, bytes
//	body      the rest
//
// The log of a segment ends with its file, with zeros (space is taken in
// advance), or with a record whose checksum is wrong: a write that a crash cut
// off.
//
// The index has the buckets "meta" (format, id, epoch, position), "segments"
// (number to live bytes) and "data". A value in data is the varints segment,
// offset, length of the record, length of the body (all zero without one),
// followed by the value.
//
// # Locking
//
// A store belongs to one process: the index is locked by bbolt, with flock on
// Unix and LockFileEx on Windows. The lock ends with the process, however it
// ends. On a network file system it is as good as that system's locks.
package store
