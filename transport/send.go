package transport

import (
	"errors"
	"fmt"
)

// longestContext stands for the contexts that Send makes, which are decimal
// numbers of up to 64 bits.
const longestContext = "18446744073709551615"

// errPayload is for a Payload that would break the JSON around it.
var errPayload = errors.New("payload is not base64 text; encode it with SetBytes")

func tooLarge(size, limit int) error {
	return fmt.Errorf("%w: its envelope has %d bytes, the limit is %d", ErrTooLarge, size, limit)
}
