package broker

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// tokenKeys checks signed tokens.
type tokenKeys struct {
	secret []byte         // HS256, nil: none
	public *rsa.PublicKey // RS256, nil: none
	claim  string
	parser *jwt.Parser
}

const (
	leastSecretKey = 32   // bytes, as RFC 7518 wants for HS256
	leastRSAKey    = 2048 // bits
	// tokenLeeway is how far clocks may differ.
	tokenLeeway = 30 * time.Second
)

// readKeys returns nil if c names no key.
func (c *AccountsConfig) readKeys() (*tokenKeys, error) {
	if c.SecretKeyFile == "" && c.PublicKeyFile == "" {
		return nil, nil
	}
	k := &tokenKeys{claim: c.UserClaim}
	var methods []string
	if c.SecretKeyFile != "" {
		text, err := os.ReadFile(c.SecretKeyFile)
		if err == nil {
			k.secret, err = parseSecretKey(text)
		}
		if err != nil {
			return nil, fmt.Errorf("secret key of signed tokens: %w", named(c.SecretKeyFile, err))
		}
		methods = append(methods, "HS256")
	}
	if c.PublicKeyFile != "" {
		text, err := os.ReadFile(c.PublicKeyFile)
		if err == nil {
			k.public, err = parsePublicKey(text)
		}
		if err != nil {
			return nil, fmt.Errorf("public key of signed tokens: %w", named(c.PublicKeyFile, err))
		}
		methods = append(methods, "RS256")
	}
	options := []jwt.ParserOption{jwt.WithValidMethods(methods), jwt.WithStrictDecoding(), jwt.WithLeeway(tokenLeeway)}
	if c.Audience != "" {
		options = append(options, jwt.WithAudience(c.Audience))
	}
	k.parser = jwt.NewParser(options...)
	return k, nil
}

// equal reports whether both take the same tokens; either may be nil. The rest
// of the configuration does not change.
func (k *tokenKeys) equal(other *tokenKeys) bool {
	if k == nil || other == nil {
		return k == other
	}
	if (k.public == nil) != (other.public == nil) || k.public != nil && !k.public.Equal(other.public) {
		return false
	}
	return bytes.Equal(k.secret, other.secret)
}

func named(path string, err error) error {
	var known *os.PathError
	if errors.As(err, &known) {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// dataURL begins a key in base64, as Pulsar takes it for a key.
const dataURL = "data:;base64,"

// parseSecretKey takes the key as it is, as "pulsar tokens create-secret-key"
// writes it, or behind dataURL what it prints with --base64.
func parseSecretKey(text []byte) ([]byte, error) {
	key := text
	if encoded, ok := bytes.CutPrefix(text, []byte(dataURL)); ok {
		var err error
		if key, err = base64.StdEncoding.DecodeString(string(bytes.TrimSpace(encoded))); err != nil {
			return nil, fmt.Errorf("what stands behind %s is no base64: %w", dataURL, err)
		}
	}
	if len(key) < leastSecretKey {
		return nil, fmt.Errorf("the key has %d bytes, it must have at least %d", len(key), leastSecretKey)
	}
	return key, nil
}

// parsePublicKey takes a key in DER, as "pulsar tokens create-key-pair" writes
// it, or in PEM.
func parsePublicKey(text []byte) (*rsa.PublicKey, error) {
	if block, _ := pem.Decode(text); block != nil {
		if strings.Contains(block.Type, "PRIVATE") {
			return nil, errors.New("this is a private key, which the broker must not have; give it the public one")
		}
		text = block.Bytes
	}
	key, err := x509.ParsePKIXPublicKey(text)
	if err != nil {
		if key, err = x509.ParsePKCS1PublicKey(text); err != nil {
			return nil, errors.New("this is no public key in DER or PEM")
		}
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("this is no RSA key; RS256 needs one")
	}
	if bits := public.N.BitLen(); bits < leastRSAKey {
		return nil, fmt.Errorf("the key has %d bits, it must have at least %d", bits, leastRSAKey)
	}
	return public, nil
}

// verify returns whose the signed token is, and when it ends, zero for never.
func (k *tokenKeys) verify(text string) (name string, expires time.Time, err error) {
	claims := jwt.MapClaims{}
	if _, err := k.parser.ParseWithClaims(text, claims, k.key); err != nil {
		if errors.Is(err, jwt.ErrTokenExpired) {
			return "", time.Time{}, fmt.Errorf("%w any longer", errBadToken)
		}
		return "", time.Time{}, errBadToken
	}
	name, _ = claims[k.claim].(string)
	if checkUser(name) != nil {
		return "", time.Time{}, fmt.Errorf("%w: its claim %s names no user", errBadToken, k.claim)
	}
	// The parser has checked that it is a number.
	if end, err := claims.GetExpirationTime(); err == nil && end != nil {
		expires = end.Add(tokenLeeway)
	}
	return name, expires, nil
}

// key returns the one that fits the algorithm, so that nobody can have an RSA
// key, which is public, taken for the secret of HS256.
func (k *tokenKeys) key(t *jwt.Token) (any, error) {
	switch t.Method.Alg() {
	case "HS256":
		if k.secret != nil {
			return k.secret, nil
		}
	case "RS256":
		if k.public != nil {
			return k.public, nil
		}
	}
	return nil, errors.New("no key for this algorithm")
}
