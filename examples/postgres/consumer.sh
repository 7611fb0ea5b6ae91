#!/bin/sh
# A consumer of a table of jobs in shell, which `nullworker work` runs for one job. psql keeps the transaction in which
# the job is deleted open as long as the work runs; a kill brings the job back at once.
set -eu
here=$(dirname "$0")
export here
export PGOPTIONS='-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3'
worked=$(psql -XqAt -v ON_ERROR_STOP=1 <<'END'
begin;
with taken as (
    delete from jobs where id = (select id from jobs order by id for update skip locked limit 1) returning body
) select count(*) > 0 as found, max(body) as job from taken \gset
\if :found
    \setenv job :job
    \set worked `"$here/work.sh" "$job" >&2 && echo true || echo false`
    \if :worked
        commit;
    \endif
    \echo :worked :job
\endif
END
)
[ -n "$worked" ] || exit 75
[ "${worked%% *}" = true ]
echo "done ${worked#* }"
