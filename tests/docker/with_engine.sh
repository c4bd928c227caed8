#!/bin/bash
# Run a command with a Docker engine of its own, in a network of its own: with_engine.sh COMMAND...
# DOCKER_HOST leads to it. It and all that was started in it are gone afterwards, whatever the command has done.
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  for program in dockerd docker-registry iptables ip busybox; do
    command -v "$program" >/dev/null || {
      echo "$program is missing: apt-get install --no-install-recommends docker.io docker-registry iptables iproute2 busybox-static" >&2
      exit 1
    }
  done
  exec unshare --net --fork --kill-child "$0" --inside "$@"
fi
shift
place=$(mktemp --directory /var/tmp/kuscia-nb-docker.XXXXXX)
ip link set lo up
dockerd --data-root "$place/data" --exec-root "$place/run" --pidfile "$place/pid" --host "unix://$place/socket" \
  >"$place/log" 2>&1 </dev/null &
engine=$!

left() {  # processes and mounts of an engine that has ended otherwise than it should
  for process in /proc/[0-9]*; do
    if grep --quiet --fixed-strings "$place/" "$process/cmdline" 2>/dev/null; then
      # shellcheck disable=SC2046
      kill -KILL $(cat "$process/task/${process#/proc/}/children" 2>/dev/null) "${process#/proc/}" 2>/dev/null || true
    fi
  done
  awk -v place="$place" 'index($2, place) == 1 { print $2 }' /proc/mounts | sort --reverse | xargs --no-run-if-empty umount --lazy || true
}

clean() {
  kill -TERM "$engine" 2>/dev/null || true
  wait "$engine" 2>/dev/null || true
  left
  rm -rf "$place"
}
trap clean EXIT

export DOCKER_HOST="unix://$place/socket"
for _ in $(seq 600); do
  [ -S "$place/socket" ] && break
  kill -0 "$engine" 2>/dev/null || { tail -20 "$place/log" >&2; exit 1; }
  sleep 0.1
done
"$@"
