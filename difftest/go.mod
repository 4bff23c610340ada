module github.com/montimer/montimer/difftest

go 1.26.5

require (
	github.com/aptible/supercronic v0.2.48
	github.com/google/go-cmp v0.7.0
	github.com/montimer/montimer v0.0.0
	github.com/robfig/cron/v3 v3.0.1
	github.com/sirupsen/logrus v1.9.4
)

require (
	github.com/google/renameio/v2 v2.0.2 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/text v0.14.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

replace github.com/montimer/montimer => ../
