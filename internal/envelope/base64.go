package envelope

import (
	stdbase64 "encoding/base64"
	"slices"

	"github.com/segmentio/asm/base64"
)

// AppendBase64 appends the base64 text of src: the standard alphabet, padded,
// no line breaks.
func AppendBase64(dst, src []byte) []byte {
	n := stdbase64.StdEncoding.EncodedLen(len(src))
	dst = slices.Grow(dst, n)
	base64.StdEncoding.Encode(dst[len(dst):len(dst)+n], src)
	return dst[:len(dst)+n]
}

// DecodeBase64 appends what the base64 text src stands for. It takes and
// refuses what [encoding/base64.StdEncoding] does, and its error is a
// [encoding/base64.CorruptInputError]; dst is then returned as it was.
func DecodeBase64(dst, src []byte) ([]byte, error) {
	n := stdbase64.StdEncoding.DecodedLen(len(src))
	grown := slices.Grow(dst, n)
	written, err := base64.StdEncoding.Decode(grown[len(dst):len(dst)+n], src)
	if err != nil {
		// The fast decoder counts the offset of a mistake from where it
		// gave up; ask the standard one.
		_, err = stdbase64.StdEncoding.Decode(grown[len(dst):len(dst)+n], src)
		return dst, err
	}
	return grown[:len(dst)+written], nil
}
