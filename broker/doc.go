// Package broker is a message broker, in memory or with a store on the disk,
// small enough to be started by the program that needs it. It is an [net/http.Handler]:
//
//	b, err := broker.New(broker.Config{})
//	…
//	http.Handle("/ws/", b)
//
// # URLs
//
// It speaks the two forms that DASF's peers know, and both name the same
// topics: /ws/T and (non-)persistent://public/default/T are one topic. Another
// tenant or namespace is a name space of its own; it need not be created.
//
//	/ws/TOPIC                      a producer, as in dasf-broker-django
//	/ws/TOPIC/SUBSCRIPTION         a consumer
//	/ws/v2/producer/DOMAIN/TENANT/NAMESPACE/TOPIC                as in Pulsar
//	/ws/v2/consumer/DOMAIN/TENANT/NAMESPACE/TOPIC/SUBSCRIPTION
//
// DOMAIN is persistent or non-persistent. A consumer of either form may give
// Pulsar's parameters: subscriptionType (Exclusive, Shared, Failover,
// Key_Shared), subscriptionMode, subscriptionInitialPosition, receiverQueueSize,
// ackTimeoutMillis, negativeAckRedeliveryDelay, pullMode.
//
// Without subscriptionType a consumer of Pulsar's form is Exclusive; one of the
// plain form has a subscription to itself, whatever its name, so that every
// such consumer gets every message, as in dasf-broker-django.
//
// The handshake answer carries the header
//
//	Dasf-Broker: 1; redelivers=true; max-frame=16777216
//
// by which a client tells this broker from others. A producer's has late=true
// besides, and a consumer's window=N; resizes=true; consumer=TOKEN, where N is how
// many messages it may have unacknowledged, 0 if it asks for each: extensions of
// the envelope, which Go peers use and no consumer sees.
//
// A message with "dasfLate":true is answered up to 250 ms late, but as soon as it
// is taken if the peer has sent a ping after it. One answer may stand for several
// such messages whose contexts are whole numbers in a row, in strings:
// {"result":"ok","context":"7","from":"3"} is for 3 to 7. Refusals are never
// late, and answers come in the order of the messages.
//
// A message with "dasfSettles":"TOKEN.messageId" also acknowledges, once it is
// taken, what the consumer with this token was sent. The answer then has
// "settled":true, but not if the consumer is gone or the message was acknowledged
// before.
//
// A consumer may acknowledge several messages with one frame:
//
//	{"type":"acknowledge","messageIds":["MESSAGEID","MESSAGEID"]}
//
// # Pages
//
// Besides the WebSockets below /ws/ a broker serves
//
//	/TOPIC/status/, /TOPIC/ping/   whether a backend answers, as in dasf-broker-django
//	/healthz, /readyz              200 while it lives, and while it takes connections
//	/metrics                       Prometheus' text format
//	/api/                          JSON, see docs/broker.md
//
// They stay out of reach where the broker is mounted below /ws/ only.
//
// # Who may do what
//
// Without a [Config.Authenticator] everybody who reaches the broker may do
// everything. With one, such as [Accounts], the handshake is answered with 401
// or 403 unless the user has a right to the topic: see [Rights]. The right to a
// topic for answers comes with the request that names it in response_topic, to
// the user who sent it and to those who consume the topic it was sent to. A
// client connects to that topic before, and so does a backend to its inbox:
// nothing is delivered there until its owner is known, and sockets of others
// are then closed with 1008, as are those whose right or token has ended.
//
// # Promises
//
// A message that was acknowledged with the result ok is held until one consumer
// of each subscription has acknowledged it. Without [Config.Dir] everything is
// in memory and ends with the process.
//
// With it a message is stored if its producer has Pulsar's persistent form, or
// the plain form and the topic's [StoreMode] is not StoreDisabled. Then ok
// means that it is on the disk (fsync), and nobody gets it before. Durable
// subscriptions, what each has acknowledged, and the settings of topics are
// stored, too. After a crash nothing is lost that was answered with ok; what was
// delivered and not acknowledged comes again, and so may what was acknowledged
// in the last moment.
//
//   - Full is said. A message that a bound of [Config] forbids is refused, and
//     the answer's result contains the word error. Nothing is dropped after ok,
//     except what nobody fetched in time (KeptAge, AnswerAge).
//   - Without a subscription a topic keeps its messages, whatever the form of
//     their producer, and gives them to the first that comes, unless that asks
//     for subscriptionInitialPosition=Latest. So a request may be sent before
//     its backend is there. What only subscriptions without a consumer hold is
//     given to a new one as well: Python's backend takes another name at each
//     start. The one exception is the topic status-ping, to which backends
//     answer dasf-broker-django's pings: nothing is kept for it.
//   - A message is delivered again, its redeliveryCount one higher, when its
//     consumer goes without acknowledging it, hands it back, or exceeds its
//     ackTimeoutMillis. A delivery to a consumer whose socket ended counts. What
//     is handed back with {"type":"return"}, as a Go backend does with what it
//     has not begun, does not count. When the count exceeds
//     maxRedeliverCount, the message goes to the dead-letter topic. A messageId tells messages apart for as
//     long as there are brokers; a stored message keeps its own over restarts,
//     and ids of a broker in memory before a restart are ignored.
//   - Shared gives each message to the consumer with the most free window. A
//     consumer can have more messages than it asked for at its handshake by
//     {"type":"window","permitMessages":N}, up to Config.Prefetch, and ends that
//     by a smaller N. In a Shared subscription it gets them only while the windows
//     of all others are full.
//   - Messages whose property messageType is ping, info, api_info or cancel pass
//     ahead of what waits and don't fill the window: they are answered while all
//     workers are busy.
//   - No consumer slows another. What is sent to a socket waits in its own
//     queue; a subscription of one plain socket, or of none, that is full while
//     another goes on is ended and its socket closed with 1008.
//   - A durable subscription is one of a persistent topic that did not ask for
//     subscriptionMode=NonDurable. It lives for SubscriptionIdle without a
//     consumer. Any other ends with its last socket; what it had is then done if
//     another subscription holds it or has acknowledged it. If not, or if its
//     type shares work among consumers, it goes to a later subscription, or is
//     kept for the next.
//   - A broker that stops answers what it has taken and closes with 1001. Peers
//     that look like Python's websocket-client see their connections end without
//     a close frame, since they would never connect again after one.
//
// # Differences from the peers
//
// From both: properties, context and unknown members travel as the text that
// came, and no payload is decoded, so that one which is no base64 arrives as it
// was sent. A message that is too long, is no JSON object, or comes in a binary
// frame is answered with an error, and the connection goes on; the peers close
// it (Pulsar with 1009, dasf-broker-django with 1011) or say nothing, and
// Python's client would wait for ever. A mistake in a consumer's frame is
// logged, the connection goes on; Pulsar closes it with 1011 for some. A text
// that is no UTF-8 closes it with 1007, as in Pulsar. A bad name is answered
// with 400 at the handshake; the peers' 500 would have clients try again.
//
// From dasf-broker-django (consumers.py, models.py): a requestContext need not
// be an integer; messageIds are made here, one that a producer sends is
// replaced; properties null counts as absent; response topics may be shared;
// the broker itself sends ping and api_info only to backends, and only if
// somebody asks it to or with a StatusInterval, never to a client, since
// Python's takes them for an answer; a topic without a consumer is offline at once; not
// every message counts as a ping. A token that is not valid is
// answered with 401 and not taken for that of AnonymousUser. A socket without a
// right is refused at the handshake, not with each message. Messages for consumers carry
// redeliveryCount besides messageId and publishTime.
//
// From Pulsar 4.2.4: tenants and namespaces need not exist; a producer's URL
// with a segment too many is 400; non-persistent messages are kept and
// redelivered, and their ids differ; redeliveryCount rises with every
// delivery, also with Exclusive and after a disconnect; properties that are
// null or nested are answered with send-error:3 and don't close the connection;
// two objects in one frame are refused, of a name given twice the last counts;
// eventTime, sequenceId and deliverAfterMs are ignored; Earliest begins with
// what is kept, there is no history; dead letters are for every type of
// subscription; readers and topic lists are not served.
package broker
