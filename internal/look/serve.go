package look

import (
	"context"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
)

// Jobs reads jobs.yaml. The error is [jobsfile.ErrInvalid] if it has mistakes.
func (r *Reader) Jobs(ctx context.Context) (montimer.Jobs, error) {
	f, err := jobsfile.Read(ctx, r.Host, jobsfile.Options{})
	if err == nil {
		err = f.Err(strings.Clone)
	}
	return f.Jobs, err
}

// Monitoring reads monitoring.yaml.
func (r *Reader) Monitoring(context.Context) (jobs.Monitoring, error) {
	return jobsfile.ReadMonitoring(r.Host)
}
