#!/bin/bash
# bench-api.sh: the HTTP API with a million alerts, beside a stand-in for the API before
# montimer (internal/api/testdata/standin.py), each a process of its own, in turn; the
# figures are medians: requests a second with four clients, and CPU time of a request.
# ALERTS and ROUNDS change the numbers; TMPDIR has 2 GB of databases while it runs.
set -euo pipefail
cd "$(dirname "$0")/.."
export ALERTS=${ALERTS:-1000000} ROUNDS=${ROUNDS:-3} CGO_ENABLED=0
exec go test ./internal/api -run '^$' -bench BenchmarkPeers -benchtime 1x -timeout 60m
