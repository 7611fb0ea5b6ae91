"""Unpacks the programs for this machine and becomes onstart.sh, which keeps them running. Needs Python 3.8 alone.
Vast's start script runs it in a clone, where nothing is written: or the `git pull` of the next update might fail."""
import contextlib, fcntl, hashlib, json, os, pathlib, signal, sys, time, urllib.request

HERE = pathlib.Path(__file__).resolve().parent
STATE = pathlib.Path(os.environ.get("WORKSPACE_DIR") or "/workspace", "nullworker")
# A supervisor waits 10 s for a stop: of the consumer, then the daemon. What onstart.sh prints is in debug.log already.
# Where there is no start it stays: the reason that it tells would be overwritten by the status of its end.
DEFAULTS = {"STOP_GRACE": "4", "ONSTART_LOG": "onstart.log", "NULLWORKER_PROBLEM": ""}
NUMBERS = ("NULLWORKER_ERROR_LINGER", "STOP_GRACE", "LOG_LIMIT", "WATCHDOG_INTERVAL")


def end_with_the_start_script():
    """Which dies of a SIGTERM without handing it on; so the kernel tells us, and onstart.sh when we are that."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with contextlib.suppress(ImportError, OSError, AttributeError):  # not every Python has it
        import ctypes
        ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def birth_of(pid):
    """When it was started, in the words of /proc; None for one that has ended."""
    with contextlib.suppress(OSError):
        state, *rest = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
        return None if state in "XZ" else rest[18]


def remembered(name):
    """The process that an onstart.sh has noted under that name, if it lives."""
    with contextlib.suppress(OSError, ValueError):
        pid, birth = (STATE / f"{name}.pid").read_text().split()
        return int(pid) if birth_of(int(pid)) == birth else None


def is_served():
    """Whether a nullworkerd of this container answers, whoever started it."""
    with contextlib.suppress(Exception):  # of whatever kind: then it is none
        link = f"http://127.0.0.1:{os.environ.get('NULL_CONTROL_PORT') or 18999}/status"
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(link, timeout=2) as reply:
            return str(json.load(reply)["container_id"]) == os.environ["CONTAINER_ID"].strip("\r\n\t '\"")


def is_taken():
    """Whether another runs. A daemon whose onstart.sh was killed is for ours to end; its session goes on."""
    starter = remembered("onstart")
    if starter:
        return starter != os.getpid()
    return not remembered("nullworkerd") and is_served()


def claim():
    """Whether we are the one to run: an on-start script and a supervisor may start two in the same moment."""
    STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(STATE / "starter.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_taken():
            return False
        (STATE / "starter.part").write_text(f"{os.getpid()} {birth_of(os.getpid())}\n")
        (STATE / "starter.part").replace(STATE / "onstart.pid")
    time.sleep(1)  # an onstart.sh without us asks for no lock: the last to write is the one
    return not is_taken()


def unpack(program):
    """Its path in the workspace, named by its checksum, since one of another version may run."""
    import lzma  # here, since a Python without it is a reason to tell
    packed = HERE / f"{program}-{os.uname().machine}.xz"
    try:
        content = lzma.decompress(packed.read_bytes())  # which are verified by their checksum
    except (OSError, lzma.LZMAError) as error:
        raise RuntimeError(f"the repository has no {packed.name} that is good: {error}")
    file = STATE / "bin" / f"{program}-{hashlib.sha256(content).hexdigest()[:16]}"
    file.parent.mkdir(exist_ok=True)
    if not (file.is_file() and os.access(file, os.X_OK) and file.read_bytes() == content):
        with open(file.parent / "part", "wb") as out:
            out.write(content)
            os.fchmod(out.fileno(), 0o755)
            os.fsync(out.fileno())
        os.replace(out.name, file)
    os.utime(file)
    for old in sorted(file.parent.glob(f"{program}-*"), key=os.path.getmtime)[:-2]:
        old.unlink()
    return file


def prepare():
    """Leaves in the workspace, and in the environment, what onstart.sh is to run."""
    wrong = [name for name in NUMBERS if not set(os.environ.get(name, "")) <= set("0123456789")]
    if wrong:  # of those onstart.sh would end
        raise RuntimeError(", ".join(f"{name}={os.environ.pop(name)} is not a whole number" for name in wrong))
    daemon, client = unpack("nullworkerd"), unpack("nullworker")
    os.environ["NULLWORKERD"] = os.environ.get("NULLWORKERD") or str(daemon)
    link = client.with_name("link")
    link.unlink(missing_ok=True)
    link.symlink_to(client.name)
    link.replace(client.with_name("nullworker"))  # in the PATH of the consumer


def main():
    end_with_the_start_script()
    waits = False
    try:
        while is_taken() or not claim():
            with contextlib.suppress(OSError):  # whoever reads it may be gone
                waits or print("worker.py: waits for the end of another nullworkerd in this container", flush=True)
            waits = True
            time.sleep(1)
        prepare()
    except Exception as error:  # is told to the autoscaler, whatever it is
        os.environ["NULLWORKER_PROBLEM"] = f"worker.py: {error}"
    os.environ.update({name: os.environ.get(name) or value for name, value in DEFAULTS.items()})
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # by Python, and then by the consumer, too
        signal.signal(ignored, signal.SIG_DFL)
    os.execv("/bin/sh", ["sh", str(HERE / "onstart.sh")])


if __name__ == "__main__":
    main()
