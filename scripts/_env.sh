# shellcheck shell=bash disable=SC2034  # what one script does not use, another does
# Sourced by the scripts here: where things are, PostgreSQL, background programs.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
state=$root/.odoo
venv=$root/.venv
python=$venv/bin/python
odoo_bin=$root/scripts/_odoo.py
cache=${XDG_CACHE_HOME:-$HOME/.cache}/batch_job
rtlcss_version=4.3.0
axe_version=4.14.1
axe_sha256=29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c
axe=$cache/axe-core-$axe_version/axe.min.js
log_dir=$state/log
run_dir=$state/run
# Another name has a PostgreSQL of its own: what a server shares between its databases (locks,
# transactions) then never meets.
cluster=${BATCH_JOB_CLUSTER:+_$BATCH_JOB_CLUSTER}
pg_data=$state/pg$cluster
# A socket's path may have 107 characters and a checkout's more: its folder is a short one.
pg_socket_link=$state/pg$cluster.socket

# libpq and Odoo read PG*: what the caller has set there must not choose another server.
# shellcheck disable=SC2086  # a list of names
unset ${!PG@}
export PGHOST PGUSER=odoo PGPORT=5432 ODOO_RC=$state/odoo.conf PYTHONPATH=$state/src
export PATH=$PATH:$state/bin
# Where Python may not keep what it has compiled, each Odoo that a test starts compiles all of Odoo.
unset PYTHONDONTWRITEBYTECODE
PGHOST=$(readlink "$pg_socket_link" || true)

# shellcheck source=scripts/_postgres.sh
. "$root/scripts/_postgres.sh"

say() { echo "${0##*/}: $*" >&2; }
die() {
    say "$*"
    exit 1
}

# require_setup [browser]: also starts PostgreSQL
require_setup() {
    "$root/scripts/setup" "$@"
    PGHOST=$(readlink "$pg_socket_link")
}

# addons_path [FOLDER...]: Odoo adds its own odoo/addons.
addons_path() {
    local IFS=, folders=("$state/addons" "$@")
    [ ! -d "$state/src/addons" ] || folders+=("$state/src/addons")
    echo "${folders[*]}"
}

free_port() {
    "$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# run_background NAME COMMAND...: scripts/stop ends it; output in .odoo/log/NAME.log
run_background() {
    local name=$1
    shift
    mkdir -p "$run_dir" "$log_dir"
    setsid "$@" >>"$log_dir/$name.log" 2>&1 </dev/null &
    echo $! >"$run_dir/$name.pid"
}

is_running() {
    local pid
    pid=$(cat "$run_dir/$1.pid" 2>/dev/null) && [ -n "$pid" ] &&
        tr '\0' ' ' 2>/dev/null <"/proc/$pid/cmdline" | grep -qF "$root/"
}

# stop_background NAME: asks the program to end, and after 20 s ends it and what it started.
stop_background() {
    local pid
    if is_running "$1"; then
        pid=$(cat "$run_dir/$1.pid")
        kill -TERM "$pid" 2>/dev/null || true
        timeout 20 tail --pid="$pid" -f /dev/null || kill -KILL -- "-$pid" 2>/dev/null || true
    fi
    rm -f "$run_dir/$1.pid"
}
