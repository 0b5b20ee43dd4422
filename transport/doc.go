// Package transport carries messages between peers over a broker.
//
// A [Broker] opens a [Producer] for a topic to send, or a [Consumer] of a topic
// to receive. There are three: [WebSocket] speaks the plain URL form, as
// dasf-broker-django and the embedded broker do; [Pulsar] speaks the form of
// Apache Pulsar's WebSocket service, as the embedded broker does too; [Memory]
// is a broker inside this process. What one broker does and another does not is
// in [Delivery]: ask that, never which broker it is.
//
// # Connections
//
// Each consumer and each producer has one socket. It is kept up for as long as
// it takes: when it breaks, it is opened again after a pause that doubles from
// [Options.MinBackoff] to [Options.MaxBackoff], each time shortened by a random
// part. While one consumer of a broker is away no producer of the same broker
// sends, since the answer to a request would find nobody.
//
// The first connection is different, because a mistake is likely then: an
// answer that no second try will change, such as 401 or 404, is returned at
// once as a [HandshakeError]; a broker that can't be reached, or that answers
// 429, 502, 503 or 504, is tried until the context ends.
//
// Every change, connected or disconnected, is logged once, at Info, with its
// reason, and told to [Options.OnState].
//
// # At least once
//
// A message may arrive twice. A Send that had no answer when its socket broke
// is sent again, and on a broker with [Delivery.Redelivers] a consumer gets
// again what it had not acknowledged. A receiver tells a request that it knows
// by response_topic and requestContext, not by the messageId, which differs
// when the sender sent twice.
package transport
