// Package envelope reads and writes the JSON text of one message, as it
// travels between a peer and a broker.
//
// It works on byte slices and knows only the handful of members that an
// envelope has, so that a large payload is neither copied nor looked at twice:
// [Scan] finds the parts of a text and leaves them where they are, the Append
// functions write a text into a buffer that the caller keeps. Whatever the
// scanner does not know goes to the decoder of encoding/json, and the two are
// held equal by fuzzing.
//
// The members, by who sends them (recorded from demessaging 0.6.4,
// dasf-broker-django 0.0.1.dev1 and the WebSocket service of Pulsar 4.2.4):
//
//   - a message towards a broker: properties, payload, context, key
//   - what a consumer receives: the same, with messageId, publishTime and, from
//     Pulsar, redeliveryCount; Pulsar leaves context out
//   - the broker's answer to a producer: result, messageId, context, errorMsg
//   - from a consumer: messageId alone acknowledges; with type
//     negativeAcknowledge it hands back; type permit carries permitMessages
//
// All functions may be called from any number of goroutines, each with a
// [Frame] of its own.
package envelope
