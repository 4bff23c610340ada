module github.com/montimer/montimer/difftest

go 1.26.5

require (
	github.com/aptible/supercronic v0.2.48
	github.com/google/go-cmp v0.7.0
	github.com/montimer/montimer v0.0.0
	github.com/robfig/cron/v3 v3.0.1
)

require golang.org/x/sys v0.49.0 // indirect

replace github.com/montimer/montimer => ../
