// Package fragment cuts a large payload into pieces, one for each message, and
// puts the pieces together again.
//
// The rule of cutting is that of demessaging 0.6.4: a payload of more than
// max_payload_size bytes has its base64 text cut every max_payload_size
// characters, and each piece travels as the payload of a message of its own,
// numbered by the properties fragment, from 0, and num_fragments. A size that
// is no multiple of 4 cuts through the groups of base64, so that a piece does
// not decode alone.
//
// The whole base64 text is never in memory: [Pieces] encodes a piece when it is
// sent, and an [Assembler] decodes a piece when it arrives, unless the size is
// no multiple of 4.
package fragment
