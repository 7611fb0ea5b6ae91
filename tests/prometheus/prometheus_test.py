#!/usr/bin/env python3
"""A real Prometheus scrapes a daemon and a follow, and promtool looks at what both print, at the alerts, and at their
tests. Whatever the alerts and the dashboard name must be a metric that one of the two prints.

    tests/prometheus/prometheus_test.py NULLWORKERD NULLWORKER

Exit codes: 0 all is well; 1 something is not; 77 there is no prometheus or no promtool here. Ports 28900 to 28999.
"""

import json, os, pathlib, re, shutil, signal, subprocess, sys, tempfile, time, urllib.error, urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RULES = ROOT / "deploy/prometheus/nullworker.rules.yml"
DASHBOARD = ROOT / "deploy/grafana/nullworker.json"
DAEMON, FOLLOW, PROMETHEUS = "127.0.0.1:28902", "127.0.0.1:28910", "127.0.0.1:28915"
LIMIT = 20  # for anything that is waited for, in s
open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


def fetch(where, body=None):
    with open_url(urllib.request.Request("http://" + where, data=body), timeout=5) as answer:
        return answer.read().decode()


def until(what, look):
    """The first thing that `look` finds."""
    end, last = time.monotonic() + LIMIT, None
    while time.monotonic() < end:
        try:
            found = look()
            if found:
                return found
        except (OSError, ValueError) as failure:
            last = failure
        time.sleep(0.1)
    raise SystemExit(f"FAIL  waited in vain for {what}: {last}")


class Programs:
    """What was started, each in a group of its own, and is ended whatever happens."""

    def __init__(self, folder):
        self.folder, self.running = folder, []

    def start(self, name, command, **variables):
        log = open(self.folder / f"{name}.log", "w")
        self.running.append((name, subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                                    env={**os.environ, **variables}, start_new_session=True)))

    def end(self):
        for _, program in reversed(self.running):
            if program.poll() is None:
                program.send_signal(signal.SIGTERM)
            try:
                program.wait(5)
            except subprocess.TimeoutExpired:
                pass
            try:
                os.killpg(program.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            program.wait()

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        self.end()
        if failure:
            for name, _ in self.running:
                print(f"---- {name}\n" + (self.folder / f"{name}.log").read_text()[-2000:])


def promtool(*arguments, **more):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=30, **more)
    if done.returncode != 0 or done.stderr.strip():
        raise SystemExit(f"FAIL  promtool {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")


def names_printed(page):
    """The names of a page, with those that a histogram has beside its own."""
    out = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", page, re.M):
        out |= {name + end for end in ("_bucket", "_sum", "_count")} if kind == "histogram" else {name}
    return out


def expressions(part):
    """Every PromQL text of the dashboard."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in ("expr", "query", "definition") and isinstance(value, str):
                yield value
            else:
                yield from expressions(value)
    elif isinstance(part, list):
        for value in part:
            yield from expressions(value)


def names_used():
    rules = "".join(line for line in RULES.read_text().splitlines(True) if not re.match(r"\s*(-|summary|description|#)", line)
                    or "expr" in line)
    names = re.compile(r"\bnullworker_\w+")
    used = {name: RULES.name for name in names.findall(rules)}
    used.update({name: DASHBOARD.name for text in expressions(json.loads(DASHBOARD.read_text()))
                 for name in names.findall(text)})
    return used


def start(programs, nullworkerd, nullworker):
    programs.start("nullworkerd", [nullworkerd, "--listen-address", "127.0.0.1"], WORKER_PORT="28900",
                   VAST_TCP_PORT_28900="28900", PUBLIC_IPADDR="127.0.0.1", CONTAINER_ID="7", UNSECURED="true",
                   REPORT_ADDR="http://127.0.0.1:28999", NULL_CONTROL_PORT="28902", NULLWORKER_FLUSH_TIMEOUT="0.1")
    # A session that is held, on a fleet of its own with a worker at 28920.
    programs.start("follow", [nullworker, "follow", "--depth", "echo 1", "--max", "1", "--interval", "0.2",
                              "--worker-port", "28920", "--worker", nullworkerd, "--metrics", FOLLOW])
    folder = programs.folder
    (folder / "prometheus.yml").write_text(f"""
global: {{scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}}
rule_files: [{RULES}]
scrape_configs:
  - job_name: nullworkerd
    static_configs: [{{targets: ["{DAEMON}"]}}]
  - job_name: follow
    static_configs: [{{targets: ["{FOLLOW}"]}}]
""")
    promtool("check", "config", folder / "prometheus.yml")
    programs.start("prometheus", ["prometheus", f"--config.file={folder}/prometheus.yml",
                                  f"--storage.tsdb.path={folder}/data", f"--web.listen-address={PROMETHEUS}",
                                  "--log.level=warn"])


def asked(query):
    """What Prometheus knows, by job."""
    told = json.loads(fetch(f"{PROMETHEUS}/api/v1/query?query={urllib.request.quote(query)}"))
    return {one["metric"].get("job"): float(one["value"][1]) for one in told["data"]["result"]}


def main():
    if len(sys.argv) != 3:
        raise SystemExit("usage: prometheus_test.py NULLWORKERD NULLWORKER")
    for tool in "prometheus", "promtool":
        if not shutil.which(tool):
            print(f"skipped: there is no {tool} here")
            return 77
    promtool("check", "rules", RULES)
    promtool("test", "rules", ROOT / "tests/prometheus/rules_test.yml")
    print("ok    the alerts, and their tests")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and leave nothing behind
    with tempfile.TemporaryDirectory() as folder, Programs(pathlib.Path(folder)) as programs:
        start(programs, *sys.argv[1:])
        until("a held session", lambda: 'nullworker_follow_sessions{state="idle"} 1\n' in fetch(f"{FOLLOW}/metrics"))
        until("the workers of the fleet", lambda: 'nullworker_follow_workers{' in fetch(f"{FOLLOW}/metrics"))
        until("the daemon", lambda: fetch(f"{DAEMON}/heartbeat", b""))  # from when on its age is told
        pages = {place: fetch(f"{place}/metrics") for place in (DAEMON, FOLLOW)}
        for page in pages.values():
            promtool("check", "metrics", input=page)
        print("ok    what promtool says of the metrics of both")
        printed = set().union(*map(names_printed, pages.values()))
        missing = {name: file for name, file in names_used().items() if name not in printed}
        if missing:
            raise SystemExit(f"FAIL  used, and printed by nobody: {missing}")
        print("ok    the names in the alerts and in the dashboard")

        until("Prometheus to have scraped both", lambda: asked("up") == {"nullworkerd": 1, "follow": 1})
        until("what the daemon tells", lambda: asked("nullworker_ready") == {"nullworkerd": 1})
        until("what follow tells", lambda: asked("nullworker_follow_wait_seconds_count") == {"follow": 1})
        until("a figure of both", lambda: set(asked("nullworker_build_info")) == {"nullworkerd", "follow"})
        until("the alerts", lambda: all(rule["health"] == "ok" for group in
                                        json.loads(fetch(f"{PROMETHEUS}/api/v1/rules"))["data"]["groups"]
                                        for rule in group["rules"]))
        print("ok    a Prometheus that scrapes both")
    return 0


if __name__ == "__main__":
    sys.exit(main())
