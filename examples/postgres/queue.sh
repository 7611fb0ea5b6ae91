# shellcheck shell=bash disable=SC2016,SC2034,SC2154 # sourced by examples/queues/run.sh
export PGHOST=127.0.0.1 PGPORT=$port PGUSER=postgres PGDATABASE=postgres
programs=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n 1)
programs=${programs%/postgres}
need() {
    [ -n "$programs" ] || skip "there is no postgres below /usr/lib/postgresql"
    need_program psql
    need_python psycopg2
}
as_postgres=() # which refuses to run as root
[ "$(id -u)" != 0 ] || as_postgres=(setpriv --reuid postgres --regid postgres --clear-groups)
start_server() {
    [ "$(id -u)" != 0 ] || chown postgres "$server_dir"
    (cd / && "${as_postgres[@]}" "$programs/initdb" -A trust -U postgres -N -D "$server_dir/data") \
        >"$dir/server.log" 2>&1
    spawn server "${as_postgres[@]}" "$programs/postgres" -D "$server_dir/data" -h 127.0.0.1 -p "$port" -k '' -F
}
stop_server() { kill -INT "$1"; } # at SIGTERM it waits for its clients
answers() {
    psql -Xqc "create table jobs (id serial, body text not null);
               create table marked_jobs (body text, state text);
               insert into marked_jobs values ('one under way', 'running')" 2>/dev/null
}
put() { psql -Xqc 'copy jobs (body) from stdin'; }

depth='psql -XAtc "select count(*) from jobs"'
traps=(
    # As those count who mark a job, in a transaction of its own, rather than delete it.
    '0: psql -XAtc "select count(*) from marked_jobs where state = '\''queued'\''"'
    '0: psql -XAtc "select count(*) from (select from jobs for update skip locked) as free"'
    # There is no server: without `set -o pipefail`, which sh may not have, the pipe is as well as wc.
    '0: psql -p 1 -XAtc "select id from jobs" | wc -l'
)
consumers=("$python consumer.py" "nullworker work -- ./consumer.sh")
