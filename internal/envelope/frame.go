package envelope

// A Frame is one envelope, taken apart. Its slices point into the scanned text
// and are valid as long as that text is unchanged, and until the Frame is
// scanned into again. A part that is absent, or null, is nil; a part that is
// there and empty is not.
type Frame struct {
	// MessageID, PublishTime, Key, Result, ErrorMsg and Type are the text
	// of a string, unescaped. A number, true or false counts as its literal
	// text, which is how Pulsar's service reads them.
	MessageID, PublishTime, Key, Result, ErrorMsg, Type []byte

	// Context is the JSON value as it stands, `0` or `"0"`: the
	// acknowledgement gives it back with the type that it came with.
	Context []byte

	// Properties is the JSON text of an object; see [VisitProperties].
	Properties []byte

	// Payload is the base64 text without its quotes. HasPayload tells an
	// empty payload from an absent one. PlainPayload says that Scan has found
	// it plain, see [jsonscan.IsPlain]; another may be, too.
	Payload      []byte
	HasPayload   bool
	PlainPayload bool

	// RedeliveryCount is how often a broker has delivered the message
	// before, 0 when it does not say.
	RedeliveryCount int

	// MessageIDs is the JSON text of an array, in the embedded broker's
	// acknowledgement of several messages; see [AppendFirstAck] and
	// [VisitMessageIDs].
	MessageIDs []byte

	// PermitMessages is the number in `{"type":"permit","permitMessages":n}`,
	// and in the embedded broker's frame of the type window.
	PermitMessages int

	// EndOfTopic is what the answer to `{"type":"isEndOfTopic"}` carries.
	EndOfTopic bool

	// Late and Settles are extensions of the embedded broker, members
	// dasfLate and dasfSettles of a message towards it: nobody waits for its
	// answer, and what a consumer was sent is acknowledged with it; see
	// [Reference].
	Late    bool
	Settles []byte

	// From makes an answer that of all messages from that context on up to
	// Context, and Settled says that what they settle is acknowledged: the
	// embedded broker's answers to late messages.
	From    []byte
	Settled bool

	// KeepUnknown makes Scan collect the members that it does not know in
	// Unknown. It is the one field that Scan reads.
	KeepUnknown bool

	// Unknown holds those members as they came, each as `,"name":value`.
	// The buffer is kept from one Scan to the next.
	Unknown []byte
}

// reset empties f for the next text and keeps what the caller set.
func (f *Frame) reset() {
	*f = Frame{KeepUnknown: f.KeepUnknown, Unknown: f.Unknown[:0]}
}

// ContextText returns the text of the context: a string without its quotes,
// anything else as it stands.
func (f *Frame) ContextText() []byte {
	if len(f.Context) == 0 || f.Context[0] != '"' {
		return f.Context
	}
	return unquote(f.Context)
}
