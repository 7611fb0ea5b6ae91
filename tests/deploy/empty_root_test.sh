#!/usr/bin/env bash
# The daemon in an empty root: no shared library, no shell, no file but what is named here.
#
#   tests/deploy/empty_root_test.sh NULLWORKERD NULLWORKER
#
# Both programs must be static. A fleet outside is the autoscaler and the console. The first of the ports is PORT, 26000
# if that is not set, and the last is 199 further on; the network is its own.
#
# Exit code 77: no namespaces to be had here, so nothing was tested.
set -euo pipefail
[ $# -eq 2 ] || { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$0" >&2; exit 2; }
daemon=$(realpath "$1") client=$(realpath "$2")
port=${PORT:-26000}

# A network of its own, for a name server on the port where name servers are; root, for chroot.
PATH=$PATH:/usr/sbin:/sbin
if [ "${IN_NAMESPACE:-}" != yes ]; then
    for user in "" --user --map-root-user; do
        [ "$user" != --user ] || user="--user --map-root-user"
        # shellcheck disable=SC2086 # no word, or two
        if unshare --net --pid --fork --kill-child $user true 2>/dev/null; then
            # shellcheck disable=SC2086
            IN_NAMESPACE=yes exec unshare --net --pid --fork --kill-child $user "$0" "$@"
        fi
    done
    echo "skipped: a chroot needs root or user namespaces, and unshare is refused here"
    exit 77
fi
python3 - <<'END'
# The loopback interface of a new network is down; SIOCSIFFLAGS with IFF_UP.
import fcntl, socket, struct
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
END

dir=$(mktemp -d)
jobs_left() { jobs -p | while read -r job; do kill "$job" 2>/dev/null || true; done; }
trap 'jobs_left; wait; rm -rf "$dir"' EXIT
export TMPDIR=$dir

# A root with nothing but the daemon.
new_root() {
    root=$dir/$1
    mkdir "$root"
    cp "$daemon" "$root/nullworkerd"
}

# session_in ENVIRONMENT FLEET-OPTION…: a session on a fleet whose workers run in the root. ENVIRONMENT is a piece of
# shell that sets what the worker finds; `roots` is the fleet's file of certificates, with --tls.
session_in() {
    local environment=$1 scheme=http roots='' fleet code=0
    shift
    [ "${1:-}" != --tls ] || scheme=https
    cat >"$dir/worker" <<END
$environment
export NULLWORKER_TLS_KEY=/etc/instance.key NULLWORKER_TLS_CERTIFICATE=/etc/instance.crt
exec chroot "$root" /nullworkerd
END
    mkdir "$root.logs"
    "$client" fleet --port "$port" --worker-port $((port + 10)) --worker "sh $dir/worker" --log-dir "$root.logs" \
        --start-delay 0 "$@" >"$root.fleet" 2>&1 &
    fleet=$!
    until grep -q 'autoscaler and console at' "$root.fleet"; do
        kill -0 $fleet 2>/dev/null || return 1
        sleep 0.02
    done
    if [ $scheme = https ]; then
        until roots=$(sed -n 's/.*SSL_CERT_FILE=//p' "$root.fleet") && [ -n "$roots" ]; do
            kill -0 $fleet 2>/dev/null || return 1
            sleep 0.02
        done
        prepare "$roots"
    fi
    SSL_CERT_FILE=$roots "$client" hold --endpoint local --api-key local --autoscaler-url "$scheme://127.0.0.1:$port" \
        --console-url "$scheme://127.0.0.1:$port" --hold 0 --timeout "${patience:-20}" >"$root.hold" 2>&1 || code=$?
    kill "$fleet"
    wait "$fleet" || true
    port=$((port + 30))
    return $code
}
prepare() { :; }

failed() {
    echo "FAIL  $1"
    tail -n 30 "$root.fleet" "$root.hold" "$root".logs/* 2>/dev/null
    exit 1
}

said='with nothing but the program it makes its key, has it certified, and serves a session over TLS'
new_root bare
# shellcheck disable=SC2016 # for the shell of the worker
session_in 'export USE_SSL=true NULLWORKER_CONSOLE_URL=$REPORT_ADDR' || failed "$said"
grep -q 'held.* on https://127.0.0.1:' "$root.hold" || failed "$said"
[ "$(stat -c %a "$root/etc/instance.key")" = 600 ] || failed "$said"
[ "$(cd "$root" && find . -type f | sort | tr '\n' ' ')" = './etc/instance.crt ./etc/instance.key ./nullworkerd ' ] ||
    failed "$said"
echo "ok    $said"

# A shared library that ends whoever loads it.
echo 'extern "C" [[gnu::constructor]] void spring() { __builtin_trap(); }' |
    c++ -x c++ -shared -fPIC -nostdlib -o "$dir/trap.so" -

said='it finds the CA bundle in its usual place, and names in /etc/hosts, whatever nsswitch.conf and openssl.cnf say'
new_root hostile
mkdir -p "$root/etc/ssl/certs" "$root/usr/lib/ssl" "$root/lib/x86_64-linux-gnu"
echo '127.0.0.1 localhost' >"$root/etc/hosts"
echo 'hosts: trap [!UNAVAIL=return] files' >"$root/etc/nsswitch.conf"
for file in libnss_trap.so.2 libnss_files.so.2 libnss_dns.so.2 libresolv.so.2 libc.so.6; do
    for folder in "$root/lib" "$root/lib/x86_64-linux-gnu" "$root/usr/lib"; do cp "$dir/trap.so" "$folder/$file"; done
done
cp "$dir/trap.so" "$root/"
cat >"$root/usr/lib/ssl/openssl.cnf" <<'END'
openssl_conf = all
[all]
providers = some
[some]
trap = trap_provider
[trap_provider]
module = /trap.so
activate = 1
END
prepare() { cp "$1" "$root/etc/ssl/certs/ca-certificates.crt"; }
# shellcheck disable=SC2016
by_name='unset SSL_CERT_FILE
for name in REPORT_ADDR NULLWORKER_CONSOLE_URL; do
    eval "export $name=\$(echo "\$$name" | sed s/127.0.0.1/localhost/)"
done'
session_in "$by_name" --tls || failed "$said"
grep -q 'address=https://localhost' "$root".logs/* || failed "$said"
echo "ok    $said"

said='it finds names by DNS, and the CA bundle that SSL_CERT_FILE names'
new_root dns
mkdir "$root/etc"
echo 'nameserver 127.0.0.53' >"$root/etc/resolv.conf"
python3 - <<'END' &
# Answers every question with 127.0.0.1, or with nothing where an IPv6 address is wanted.
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.53", 53))
while True:
    query, peer = server.recvfrom(512)
    end = query.index(b"\0", 12) + 5
    is_a = query[end - 4:end - 2] == b"\0\1"
    reply = query[:2] + b"\x81\x80\0\1" + (b"\0\1" if is_a else b"\0\0") + b"\0\0\0\0" + query[12:end]
    if is_a:
        reply += b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton("127.0.0.1")
    server.sendto(reply, peer)
END
prepare() { cp "$1" "$root/roots.pem"; }
session_in "$by_name; export SSL_CERT_FILE=/roots.pem" --tls || failed "$said"
grep -q 'address=https://localhost' "$root".logs/* || failed "$said"
echo "ok    $said"

said='without a CA bundle it says so, and what to do'
new_root untrusting
prepare() { :; }
if patience=1 session_in 'unset SSL_CERT_FILE' --tls; then failed "$said"; fi
grep -q 'no CA certificates found.*SSL_CERT_FILE' "$root".logs/* || failed "$said"
echo "ok    $said"
