package host

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/montimer/montimer"
)

// TakeSending gives this process the variables of the services for sending,
// from their environment file. TELEGRAM_* of the shell override them, for a
// trial, and the log says where they differ. Root calls it before [Become],
// since often only root can read the file, and trusts only a file that no other
// user can change.
func TakeSending(h montimer.Host, log *slog.Logger) error {
	if IsRoot() {
		if err := Trusted(h.EnvFile); err != nil {
			return err
		}
	}
	file, err := readSending(h.EnvFile, log)
	if file == nil || err != nil {
		return err
	}
	if _, ok := file["LOG_LEVEL"]; !ok {
		file["LOG_LEVEL"] = "" // the shell's has another purpose
	}
	for name, value := range file {
		switch mine := os.Getenv(name); {
		case !forSending(name):
			continue
		case strings.HasPrefix(name, "TELEGRAM_") && mine != "":
			if mine != value {
				log.Warn(fmt.Sprintf("%s comes from this shell: the services use another value, from %s", name, h.EnvFile))
			}
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("%s: %s: %w", h.EnvFile, name, err)
		}
	}
	return nil
}

// readSending reads the environment file; nil: this user has none to read, and the
// log says what that means.
func readSending(path string, log *slog.Logger) (map[string]string, error) {
	file, err := ReadEnvironment(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && IsRoot():
		log.Warn(path + " is missing: services run no task without it; put it back (it may be empty)")
		return nil, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, fs.ErrPermission):
		log.Warn(path + " cannot be read by this user: messages are sent with the variables of this shell, the services may have others")
		return nil, nil
	}
	return file, err
}

// forSending reports whether a variable decides whether, where to or how messages
// are sent.
func forSending(name string) bool {
	if strings.HasPrefix(name, "TELEGRAM_") {
		return true
	}
	switch strings.ToUpper(name) {
	case "LOG_LEVEL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR":
		return true
	}
	return false
}
