#!/bin/sh
# Prints where to look and how to give commands, for the services of compose whose names it reads, one a line:
#
#   docker compose ps --services --status running | sh ops/addresses.sh
set -eu
running=" $(tr '\n' ' ') "

line() {  # line SERVICE NAME ADDRESS: printed when the service runs
  case "$running" in *" $1 "*) printf '  %-13s %s\n' "$2" "$3" ;; esac
}

echo "covey: running; all addresses are of this machine only"
line grafana Grafana "http://127.0.0.1:3000   user admin, password in secrets/grafana_password"
line prometheus Prometheus "http://127.0.0.1:9090"
line alertmanager Alertmanager "http://127.0.0.1:9093   whom it tells: ops/alertmanager/alertmanager.yml"
line control API "http://127.0.0.1:8000   /openapi.json; a token: docker compose exec scheduler covey tokens create NAME"
line simulator simulator "http://127.0.0.1:8090   accounts to follow: /_sim/accounts"
line scheduler covey "docker compose exec scheduler covey status   (or: track NAME, --help)"
line worker "" "docker compose exec worker covey doctor      (what asks X: doctor, credentials, connect)"
