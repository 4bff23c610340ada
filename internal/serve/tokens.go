package serve

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"syscall"

	"github.com/montimer/montimer/internal/safefile"
)

// minToken is how long a token has to be, in bytes, so that none can be guessed.
const minToken = 16

// maxTokens bounds the file, in bytes.
const maxTokens = 64 << 10

// hashes are those of the tokens: comparing them says nothing of a token, and no
// token stays in memory.
type hashes [][sha256.Size]byte

// has compares with each, and always takes the same time.
func (h hashes) has(token string) bool {
	given := sha256.Sum256([]byte(token))
	found := 0
	for i := range h {
		found |= subtle.ConstantTimeCompare(given[:], h[i][:])
	}
	return found == 1
}

// Errors of a token file, for [errors.Is].
var (
	ErrTokensOpen  = errors.New("can be read by every user of this machine")
	ErrTokensEmpty = errors.New("has no token")
)

// CheckTokens returns why a token file cannot be used; a missing one is
// [fs.ErrNotExist]. No error holds a token.
func CheckTokens(path string) error {
	_, err := readTokens(path)
	return err
}

func readTokens(path string) (hashes, error) {
	if path == "" {
		return nil, errors.New("serve: token_file is not set")
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("the token file %s is missing: %w", path, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("read the tokens: %w", err)
	case info.Mode().Perm()&0o007 != 0:
		return nil, fmt.Errorf("the token file %s %w (mode %04o)", path, ErrTokensOpen, info.Mode().Perm())
	}
	text, err := safefile.ReadLinked(path, maxTokens)
	if err != nil {
		return nil, fmt.Errorf("read the tokens: %w", err)
	}
	var all hashes
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
		case len(line) < minToken || strings.ContainsFunc(line, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
			return nil, fmt.Errorf("%s:%d: this is no token: write %d or more letters, digits or signs, such as openssl rand -hex 32 prints", path, number, minToken)
		default:
			all = append(all, sha256.Sum256([]byte(line)))
		}
	}
	if all == nil {
		return nil, fmt.Errorf("the token file %s %w", path, ErrTokensEmpty)
	}
	return all, nil
}

// tokens are those of a file, read again when it has changed.
type tokens struct {
	path string

	mutex sync.Mutex
	state [5]int64 // of the file when it was read
	known hashes
	err   error
}

func (t *tokens) read() (hashes, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	now := stateOf(t.path)
	if now != t.state || now == [5]int64{} {
		t.state = now
		t.known, t.err = readTokens(t.path)
	}
	return t.known, t.err
}

// stateOf tells the versions of a file apart; zero: there is none.
func stateOf(path string) (s [5]int64) {
	info, err := os.Stat(path)
	if err != nil {
		return s
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		s = [5]int64{int64(st.Ino), st.Size, st.Ctim.Nano(), st.Mtim.Nano(), int64(st.Mode)}
	}
	return s
}
