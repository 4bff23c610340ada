package host

import (
	"maps"
	"os/user"
	"testing"

	"github.com/montimer/montimer"
)

func TestByHand(t *testing.T) {
	t.Parallel()
	service := []montimer.EnvVar{{Name: "PATH", Value: "/srv/app/.venv/bin:/usr/bin"}, {Name: "CACHE_DIR", Value: "/var/lib/montimer"}, {Name: "LOG_LEVEL", Value: "INFO"}}
	account := &user.User{Username: "deploy", HomeDir: "/home/deploy"}
	for name, tt := range map[string]struct {
		caller, file, want map[string]string
		account            *user.User
	}{
		"as the service": {
			map[string]string{"PATH": "/opt/tools", "HOME": "/nowhere", "USER": "root"}, map[string]string{"TOKEN": "t"},
			map[string]string{"PATH": "/srv/app/.venv/bin:/usr/bin", "CACHE_DIR": "/var/lib/montimer", "LOG_LEVEL": "INFO", "TOKEN": "t", "HOME": "/home/deploy", "USER": "deploy", "LOGNAME": "deploy"}, account,
		},
		"the environment file wins over the unit": {
			nil, map[string]string{"PATH": "/opt/bin", "CACHE_DIR": "/srv/cache", "HOME": "/srv"},
			map[string]string{"PATH": "/opt/bin", "CACHE_DIR": "/srv/cache", "LOG_LEVEL": "INFO", "HOME": "/srv", "USER": "deploy", "LOGNAME": "deploy"}, account,
		},
		"the caller wins over both": {
			map[string]string{"CACHE_DIR": "/tmp/x", "LOG_LEVEL": "DEBUG", "TOKEN": "mine", "EMPTY": ""}, map[string]string{"TOKEN": "t", "EMPTY": "e"},
			map[string]string{"PATH": "/srv/app/.venv/bin:/usr/bin", "EMPTY": "e", "HOME": "/home/deploy", "USER": "deploy", "LOGNAME": "deploy"}, account,
		},
		"no host of services": {
			map[string]string{"PATH": "/opt/python/bin:/usr/bin", "HOME": "/home/alice"}, nil,
			map[string]string{"PATH": "/srv/app/.venv/bin:/opt/python/bin:/usr/bin", "CACHE_DIR": "/var/lib/montimer", "LOG_LEVEL": "INFO"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ByHand{func(name string) string { return tt.caller[name] }, service, tt.file, tt.account}.Variables()
			if !maps.Equal(got, tt.want) {
				t.Errorf("%v\nwant %v", got, tt.want)
			}
		})
	}
}
