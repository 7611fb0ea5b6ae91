#!/usr/bin/env bash
# DNS swallows every question: the close callbacks of a stranger, to names that nobody resolves, hold up no report, and
# an autoscaler whose name was found once is found again.
if [ "${1:-}" != --inside ]; then
    [ $# = 1 ] || { echo "usage: $0 NULLWORKERD" >&2; exit 2; }
    # A network, a resolv.conf and a hosts file of its own.
    unshare -mn true 2>/dev/null || { echo "dead_dns.sh: not done here: it takes root"; exit 77; }
    command -v python3 >/dev/null || { echo "dead_dns.sh: not done here: there is no python3"; exit 77; }
    exec unshare -mn "$0" --inside "$1"
fi
shift
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

echo "nameserver 127.0.0.1" >"$work/resolv.conf"
echo "127.0.0.1 localhost autoscaler.test" >"$work/hosts"
echo "hosts: files dns" >"$work/nsswitch.conf"
for file in resolv.conf hosts nsswitch.conf; do
    [ -e "/etc/$file" ] || cannot "there is no /etc/$file"
    mount --bind "$work/$file" "/etc/$file"
done

# The autoscaler's key, since only a verified grant may have somebody called elsewhere.
openssl genrsa -out "$work/key" 2048 2>/dev/null || cannot "there is no openssl"
openssl rsa -in "$work/key" -pubout -out "$work/key.pub" 2>/dev/null

# DNS that never answers, and an autoscaler that closes each connection and notes when it heard of which load.
python3 - "$work/reports" "$work/key.pub" <<'END' &
import fcntl, http.server, json, socket, struct, sys, threading, time

up = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(up, 0x8914, struct.pack("16sH14x", b"lo", 0x1 | 0x40))  # SIOCSIFFLAGS: up, running
silent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
silent.bind(("127.0.0.1", 53))
out = open(sys.argv[1], "w", buffering=1)


class Autoscaler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        if "cur_load" in body:
            out.write("%d load %g\n" % (time.clock_gettime(time.CLOCK_BOOTTIME) * 1000, body["cur_load"]))

    def do_GET(self):
        body = open(sys.argv[2], "rb").read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", 26429), Autoscaler).serve_forever()
END
pids+=("$!")
eventually 10 [ -e "$work/reports" ] || fail "the autoscaler does not start"

start 26420 REPORT_ADDR=http://autoscaler.test:26429 NULLWORKER_STATE_DIR=none UNSECURED=false
url=http://127.0.0.1:$port
signature=$(printf '{\n    "url": "%s"\n}' "$url" | openssl dgst -sha256 -sign "$work/key" | base64 -w 0)

hold() { # REQUEST_IDX [ON_CLOSE_ROUTE]: a session
    ask 1000 -d '{"auth_data": {"url": "'"$url"'", "endpoint": "e", "cost": 100, "reqnum": '"$1"', "request_idx": '"$1"',
        "signature": "'"$signature"'"}, "session_id": null, "payload": {"on_close_route": '"${2:-null}"'}}' \
        "$url/session/create"
    expect 201
}

# reported LOAD SINCE_MS LIMIT_MS: the autoscaler heard of that load in time.
reported() {
    eventually 15 heard_of "$1" "$2" || fail "the autoscaler did not hear of load $1"
    say "the autoscaler heard of load $1 after $heard ms"
    [ "$heard" -le "$3" ] || fail "that is too late: $3 ms were allowed"
}

heard_of() { # LOAD SINCE_MS: after how many ms, in $heard
    heard=$(awk -v since="$2" -v load="$1" '$1 >= since && $3 == load { print $1 - since; exit }' "$work/reports")
    [ -n "$heard" ]
}

eventually 10 answers health || fail "the daemon is not ready"

say "eight sessions end that call names which nobody resolves"
for i in $(seq 8); do
    hold "$i" '"http://slow'"$i"'.test/x"'
    ask 1000 -X POST "127.0.0.1:$control/release"
done
begun=$(milliseconds)
hold 100
reported 100 "$begun" 1000
ask 1000 -X POST "127.0.0.1:$control/release"
reported 0 "$begun" 2000

say "the hosts file loses the autoscaler"
echo "127.0.0.1 localhost" >"$work/hosts"
begun=$(milliseconds)
hold 101
reported 100 "$begun" 4000
say "ok"
