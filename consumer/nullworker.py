"""A consumer beside nullworkerd: takes jobs only while the machine is reserved, and gives it back.

    import nullworker

    nullworker.stop_gently()
    for job in nullworker.jobs(take):    # take() returns a job, or None when there is none
        work(job)                        # nobody takes the machine while this block runs
        acknowledge(job)

One file for Python 3.8 and later, nothing but the standard library: copy it beside your program. The daemon is found by
NULLWORKER_CONTROL_SOCKET or NULL_CONTROL_PORT. Its page is docs/consumers.md of nullworker.
"""
import asyncio
import atexit
import concurrent.futures
import contextlib
import functools
import http.client
import inspect
import json
import logging
import os
import selectors
import signal
import socket
import threading
import time

__all__ = ["Lost", "Session", "ajobs", "gate", "jobs", "ready", "sessions", "stop", "stop_gently", "stopping"]

log = logging.getLogger("nullworker")

_RETRY = 0.5  # between two tries while the daemon is away
_BETWEEN_LOOKS = 0.2  # a long poll may be answered early, and must not be repeated at full speed
_LAST_TRIES = 5.0  # a release that nobody waits for is not tried for longer
_LONGEST_CALL = 10.0


class Lost(Exception):
    """The session was over while its job ran: another machine may do that job, too."""


class _Woken(Exception):
    """Whoever waited need not wait any more."""


# ---- what wakes a wait -------------------------------------------------------------------------------------


class _Wake:
    """A flag that a wait for a socket sees, too. To set it is safe within a signal handler, unlike threading.Event."""

    def __init__(self):
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self.is_set = False

    def set(self):
        self.is_set = True
        with contextlib.suppress(OSError):  # full: the reader wakes as it is
            self._writer.send(b"x")

    def fileno(self):
        return self._reader.fileno()

    def clear(self):
        self.is_set = False
        with contextlib.suppress(OSError):  # there was nothing
            self._reader.recv(4096)

    def wait(self, seconds):
        """Whether it is set, after so many seconds at most."""
        if not self.is_set:
            _first_readable([self], seconds)
        return self.is_set

    def close(self):
        self._reader.close()
        self._writer.close()


def _first_readable(things, seconds):
    with selectors.DefaultSelector() as selector:
        for thing in things:
            selector.register(thing, selectors.EVENT_READ)
        ready_ones = selector.select(max(seconds, 0))
    return ready_ones[0][0].fileobj if ready_ones else None


class _Process:
    """What belongs to this process alone: a fork begins with one of its own."""

    def __init__(self):
        self.pid = os.getpid()
        self.open = set()  # sessions to release at exit
        self.handlers = {}  # signal: what was there before ours
        self._stop = {}

    @property
    def stop(self):
        # The same for all threads that ask first, without a lock, which a signal handler could not take.
        return self._stop.get(0) or self._stop.setdefault(0, _Wake())

    def leave_to_the_parent(self):
        for wake in self._stop.values():
            wake.close()


_process = _Process()


def _here():
    global _process
    if _process.pid != os.getpid():
        _process = _Process()
    return _process


def _after_fork():
    before = _process
    _here()
    before.leave_to_the_parent()
    for number, handler in before.handlers.items():
        if signal.getsignal(number) is _on_stop_signal:
            signal.signal(number, handler)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


@atexit.register
def _release_at_exit():
    end = time.monotonic() + _LAST_TRIES
    for session in list(_here().open):
        session._close(end=end)


# ---- the daemon --------------------------------------------------------------------------------------------


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Daemon:
    """The control port or socket of the environment. http.client asks no proxy."""

    def __init__(self):
        self._path = os.environ.get("NULLWORKER_CONTROL_SOCKET")
        port = (os.environ.get("NULL_CONTROL_PORT") or "18999").strip()
        if not self._path and not (port.isdigit() and 0 < int(port) < 65536):
            raise ValueError("NULL_CONTROL_PORT is %r; it must be a port, 1 to 65535" % port)
        self._port = port
        self.place = "the Unix socket " + self._path if self._path else "port %s of 127.0.0.1" % self._port
        self._away, self._told_old = False, False
        self.can_protect = self.tells_retiring = True

    def call(self, method, target, body=None, limit=_LONGEST_CALL, wakes=(), other=()):
        """Status and answer. OSError, ValueError or HTTPException where there is none, or none that is expected: 200,
        409 and `other`."""
        link = (_UnixConnection(self._path, limit) if self._path
                else http.client.HTTPConnection("127.0.0.1", int(self._port), timeout=limit))
        with contextlib.closing(link):
            link.request(method, target, None if body is None else json.dumps(body))
            if wakes:
                first = _first_readable([link.sock, *wakes], limit)
                if first is None:
                    raise socket.timeout("timed out")
                if first is not link.sock:
                    raise _Woken()
            reply = link.getresponse()
            text = reply.read()
        if reply.status in (200, 409):
            return reply.status, json.loads(text)
        if reply.status in other:
            return reply.status, None
        raise http.client.HTTPException("status %d: %s" % (reply.status, text[:200].decode(errors="replace")))

    def try_call(self, *call, **how):
        """The same, or (None, None) while it is away, which is said once."""
        try:
            told = self.call(*call, **how)
        except (OSError, ValueError, http.client.HTTPException) as trouble:
            if not self._away:
                self._away = True
                log.warning("no nullworkerd answers at %s (%s); it is asked again and again", self.place,
                            str(trouble) or type(trouble).__name__)
            return None, None
        if self._away:
            self._away = False
            log.info("nullworkerd answers at %s", self.place)
        return told

    def protect(self, session_id, term, limit):
        """200, 409 or None of a protection for so long, and what was granted of that; 0 lifts it. A daemon that knows
        none is told to renew."""
        if self.can_protect:
            body = {"seconds": term, "session_id": session_id}
            status, told = self.try_call("POST", "/protect", body, limit, other=[404])
            if status != 404:
                return status, self._granted(told, term)
            self.can_protect = False
            if not self._told_old:
                self._told_old = True
                log.warning("the nullworkerd at %s is too old to protect a job: its session is renewed instead, and "
                            "who gives machines back does not see that a job runs", self.place)
        if not term:
            return 200, 0
        status, slot = self.try_call("GET", "/session", limit=limit)
        if status != 200:
            return status, 0
        if not slot or slot["session_id"] != session_id:
            return 409, 0
        # Never less than it has: an old /renew shortens.
        body = {"lifetime": max(term, slot.get("remaining") or 0), "session_id": session_id}
        status, told = self.try_call("POST", "/renew", body, limit)
        return status, self._granted(told, term)

    @staticmethod
    def _granted(told, term):
        """A daemon whose --max-lifetime is shorter than the term grants less."""
        left = told.get("remaining") if isinstance(told, dict) else None
        return min(term, left) if isinstance(left, (int, float)) and left > 0 else term

    def heartbeat(self, limit=_LONGEST_CALL, wakes=()):
        return self.try_call("POST", "/heartbeat", limit=limit, wakes=wakes, other=[404])[0] is not None

    def release(self, session_id, idle, limit):
        body = {"session_id": session_id}
        if idle:
            body["outcome"] = "idle"
        return self.try_call("POST", "/release", body, limit)[0] is not None


# ---- a session ---------------------------------------------------------------------------------------------


class Session:
    """A reservation of this machine. `retiring`: it is wanted back; `over`: it is nobody's or another's now; `lost`: it
    was over while a block of busy() ran."""

    def __init__(self, daemon, slot, term, also, on_lost):
        self.id, self.generation = slot["session_id"], slot["generation"]
        self.retiring, self.over, self.lost = bool(slot.get("retiring")), False, False
        self._daemon, self._term, self._also, self._on_lost = daemon, term, also, on_lost
        self._limit = min(max(term / 4, 1.0), _LONGEST_CALL)
        self._lock = threading.Lock()  # one at a time says whether a job runs
        self._granted, self._due, self._hurry = term, time.monotonic() + term / 4, _Wake()
        self._blocks, self._jobs = 0, {}
        self._ending, self._idle_since = False, time.monotonic()
        self._closed = threading.Event()
        self._pid = os.getpid()
        self._chores = None
        _here().open.add(self)
        threading.Thread(target=self._keep, name="nullworker " + self.id, daemon=True).start()

    @property
    def _is_ours(self):
        return self._pid == os.getpid()

    @property
    def wanted(self):
        """Whether a further job may be taken in it."""
        return self._is_ours and not (self.over or self.retiring or self._ending or _here().stop.is_set)

    @contextlib.contextmanager
    def busy(self, job=None):
        """Nobody takes the machine while this block runs. Take a job within it; raises Lost if it is too late."""
        if not self._enter():
            raise Lost("session %s is over" % self.id)
        token = self._began(job)
        try:
            yield self
        finally:
            self._leave(token)

    def wait(self, seconds):
        """Waits so long, or until the session is to end; whether it is still wanted."""
        end = time.monotonic() + seconds
        while self.wanted and time.monotonic() < end:
            _here().stop.wait(min(0.1, end - time.monotonic()))
        return self.wanted

    def release(self, idle=False):
        """Gives the machine back. `idle` says that there was no job for it."""
        self._close(idle)

    # One protection for all blocks: the first that begins asks for it, the last that ends lifts it.
    def _enter(self):
        while self._is_ours and not self.over:
            with self._lock:
                status, granted = self._daemon.protect(self.id, self._term, self._limit)
                if status == 200:
                    self._blocks, self._granted = self._blocks + 1, granted
                    self._bring_forward()
                    return True
                if status == 409:
                    self._end()
                    return False
            if _here().stop.wait(_RETRY):
                return False
        return False

    def _leave(self, token=None, lift=True):
        if not self._is_ours:
            return
        with self._lock:
            self._blocks -= 1
            if not (self._blocks or self.over) and lift and self._daemon.protect(self.id, 0, self._limit)[0] == 409:
                self._end()
            if token:
                self._jobs.pop(token)
                self._idle_since = time.monotonic()

    def _began(self, job):
        token = object()
        self._jobs[token] = job
        return token

    def _end(self):
        if self.over or self._closed.is_set():
            return
        self.over = True
        if not self._jobs:
            return
        self.lost = True
        log.error("session %s is over while its job runs: another machine may do that job, too", self.id)
        if self._on_lost:
            self._on_lost(self)

    def _next_beat(self):
        return time.monotonic() + (self._granted if self._blocks else self._term) / 4

    # The keeper may wait for longer than a short grant lasts.
    def _bring_forward(self):
        due = self._next_beat()
        if due < self._due:
            self._due = due
            self._hurry.set()

    # ---- the keeper, in its thread
    def _keep(self):
        with contextlib.closing(self._hurry):
            while not self._closed.is_set() and not self.over:
                self._do_next()

    def _do_next(self):
        try:
            self._hurry.clear()
            left = self._due - time.monotonic()
            if self._closed.is_set():
                return
            if left > 0:
                self._look(left)
            else:
                self._due = self._next_beat() if self._beat() else time.monotonic() + _RETRY
        except _Woken:
            pass
        except Exception:  # without it nothing would protect the job any more
            log.exception("the keeper of session %s stumbled, and goes on", self.id)
            self._closed.wait(_RETRY)

    def _beat(self):
        """A sign of life, and the protection anew; whether it was heard."""
        with self._lock:
            if self._closed.is_set() or self.over:
                return True
            if not self._blocks:
                return self._daemon.heartbeat(self._limit)
            status, granted = self._daemon.protect(self.id, self._term, self._limit)
            if status == 200:
                self._granted = granted
            if status == 409:
                self._end()
        if self._also and not self.over:
            self._do_chores()
        return status is not None

    def _look(self, seconds):
        since = time.monotonic()
        news = "&retiring=false" if self._daemon.tells_retiring and not self.retiring else ""
        target = "/session?wait=%.3f&since=%d%s" % (seconds, self.generation, news)
        status, slot = self._daemon.try_call("GET", target, limit=seconds + self._limit, wakes=[self._hurry],
                                             other=[422])
        if status == 422:
            self._daemon.tells_retiring = False
        if status == 200:
            if not slot or slot["session_id"] != self.id:
                with self._lock:
                    self._end()
            elif slot.get("retiring"):
                self.retiring = True
        rest = (_BETWEEN_LOOKS if status else _RETRY) - (time.monotonic() - since)
        if rest > 0:
            self._closed.wait(min(rest, seconds))

    # In a thread of its own: one that hangs must not cost the protection.
    def _do_chores(self):
        if self._chores and self._chores.is_alive():
            log.warning("also() has not come back since the last renewal, and was not called again")
            return
        self._chores = threading.Thread(target=self._chore, name="nullworker also", daemon=True)
        self._chores.start()

    def _chore(self):
        for job in list(self._jobs.values()):
            if job is None:
                continue
            try:
                self._also(job)
            except Exception:
                log.exception("also() failed; the job goes on")

    def _close(self, idle=False, end=None):
        """Whether the session is known to be over."""
        if not self._is_ours or self._closed.is_set():
            return True
        # A keeper that waits for a daemon that hangs is not waited for.
        locked = self._lock.acquire(timeout=1)
        self._closed.set()
        self._hurry.set()  # the keeper need not wait any more
        if locked:
            self._lock.release()
        _here().open.discard(self)
        if end is None:
            end = time.monotonic() + _LAST_TRIES
        while not self.over:
            left = end - time.monotonic()
            if self._daemon.release(self.id, idle, max(0.1, min(left, self._limit))):
                self.over = True
                log.info("released session %s", self.id)
            elif time.monotonic() + _RETRY >= end:
                log.warning("session %s could not be released", self.id)
                return False
            else:
                time.sleep(_RETRY)
        return True


class _Slot:
    """Waits for sessions, and gives one to all who share it; the last to leave releases it."""

    def __init__(self, term=60, also=None, on_lost=None):
        if not term > 0:
            raise ValueError("term is %r: it must be a number of seconds above 0" % (term,))
        self._daemon, self._term, self._also, self._on_lost = _Daemon(), term, also, on_lost
        self._news = threading.Condition()
        self._users, self._seen, self._seeking = 0, 0, False
        self.session = None

    def enter(self, wake=None):
        """The session that is held, or the next one; None after a stop."""
        wakes = [_here().stop] + ([wake] if wake else [])
        with self._news:
            while self._seeking or (self._users and not self.session.wanted):
                if any(wake.is_set for wake in wakes):
                    return None
                self._news.wait(0.1)
            if self._users:
                self._users += 1
                return self.session
            self._seeking = True
        found = None
        try:
            found = self._seek(wakes)
            return found
        finally:
            with self._news:
                self._seeking = False
                if found:
                    self.session, self._users = found, 1
                self._news.notify_all()

    def leave(self):
        with self._news:
            self._users -= 1
            if self._users:
                return
            session, self._users = self.session, 1  # nobody seeks before it is released
        if not session._close(session._ending):
            self._seen = 0  # it is found again when the daemon is back
        with self._news:
            self._users = 0
            self._news.notify_all()

    def _seek(self, wakes):
        self._daemon.can_protect = self._daemon.tells_retiring = True
        with contextlib.suppress(_Woken):
            while not any(wake.is_set for wake in wakes):
                began, wait = time.monotonic(), self._term / 4
                self._daemon.heartbeat(wakes=wakes)
                target = "/session?wait=%.3f&since=%d" % (wait, self._seen)
                status, slot = self._daemon.try_call("GET", target, limit=wait + _LONGEST_CALL, wakes=wakes)
                if status == 200 and not slot and self._seen:
                    self._seen = 0
                    continue
                if status == 200 and slot and slot["generation"] != self._seen:
                    self._seen = slot["generation"]
                    log.info("reserved, session %s", slot["session_id"])
                    return Session(self._daemon, slot, self._term, self._also, self._on_lost)
                rest = (_BETWEEN_LOOKS if status else _RETRY) - (time.monotonic() - began)
                _first_readable(wakes, rest)
        return None


def sessions(*, term=60):
    """One Session after the other, each as soon as the machine is reserved; released when the loop comes back."""
    slot = _Slot(term)
    while True:
        session = slot.enter()
        if session is None:
            return
        try:
            yield session
        finally:
            slot.leave()


# ---- jobs --------------------------------------------------------------------------------------------------


class _Jobs:
    def __init__(self, take, *, idle=None, pause=1, term=60, also=None, parallel=1, on_lost="finish"):
        if on_lost not in ("finish", "stop"):
            raise ValueError("on_lost is %r: it must be finish or stop" % (on_lost,))
        if not pause >= 0:
            raise ValueError("pause is %r: it must be a number of seconds, 0 or more" % (pause,))
        if not parallel >= 1:
            raise ValueError("parallel is %r: it must be 1 or more" % (parallel,))
        self._take, self._idle, self._pause, self._also = take, idle, pause, also
        self._parallel, self._on_lost = parallel, on_lost
        self._slot = _Slot(term, self._chore if also else None, self._stop_the_block if on_lost == "stop" else None)
        self._loops, self._running = [], set()
        self._told, self._pid = False, os.getpid()

    @property
    def session(self):
        """The Session that is held, or was held last."""
        return self._slot.session

    def _chore(self, job):
        self._also(job)

    def _begin_loop(self, loop):
        if self._pid != os.getpid():
            raise RuntimeError("these jobs belong to process %d, from which this one was forked: call nullworker.jobs "
                               "in the process that works" % self._pid)
        if len(self._loops) >= self._parallel:
            raise RuntimeError("parallel is %d, and so many loops are under way" % self._parallel)
        self._loops.append(loop)

    def _end_loop(self, loop):
        if loop in self._loops:
            self._loops.remove(loop)

    def _found_none(self, session, took):
        """After an empty take(): whether the session is to be released for want of a job."""
        if took > self._pause + 0.5 and not self._told:
            self._told = True
            log.warning("%s waited %.1f s for a job and found none; meanwhile nobody could give this machine back: it "
                        "must not wait for longer than pause, %g s",
                        getattr(self._take, "__qualname__", repr(self._take)), took, self._pause)
        return self._note_idle(session)

    def _note_idle(self, session):
        is_idle = (self._idle is not None and not session._jobs
                   and time.monotonic() - session._idle_since >= self._idle)
        if is_idle:
            session._ending = True
        return is_idle

    def _pause_for(self, session):
        pause = self._pause
        if self._idle is not None:
            pause = min(pause, max(0, session._idle_since + self._idle - time.monotonic()))
        if session.wait(pause):
            self._note_idle(session)


class jobs(_Jobs):
    """Jobs, one at a time, and only while the machine is reserved; see docs/consumers.md for every option.

    take()      returns a job, or None; called under protection, may block for `pause` seconds at most
    idle        release after so many seconds without a job; by default the client decides that
    also(job)   called with every renewal while the job runs, in a thread of its own
    parallel    so many threads may loop over the same jobs object
    on_lost     "finish" lets a block end whose session is over, "stop" raises Lost in it (main thread)
    """

    def __iter__(self):
        return self._loop()

    def __enter__(self):
        self._entered = self._loop()
        return self._entered

    def __exit__(self, *_):
        self._entered.close()

    def _loop(self):
        loop = object()
        self._begin_loop(loop)
        before = self._prepare_to_stop() if self._on_lost == "stop" else None
        try:
            session = self._slot.enter()
            while session is not None:
                try:
                    yield from self._jobs_of(session)
                finally:
                    if session._is_ours:
                        self._slot.leave()
                session = self._slot.enter()
        finally:
            self._end_loop(loop)
            if before is not None:
                signal.signal(signal.SIGURG, before)

    def _jobs_of(self, session):
        while session.wanted and session._enter():
            job = token = None
            began = time.monotonic()
            try:
                job = self._take()
                if job is not None:
                    token = session._began(job)
                    self._armed = session
                    yield job
            finally:
                self._armed = None
                session._leave(token, lift=session.wanted)
            if not session._is_ours:
                raise RuntimeError("this process was forked from the one that has the job")
            if job is None and not self._found_none(session, time.monotonic() - began):
                self._pause_for(session)

    # A signal, so that a blocking call ends; in the main thread, where Python's handlers run.
    _armed = None

    def _prepare_to_stop(self):
        if self._parallel > 1 or threading.current_thread() is not threading.main_thread():
            raise ValueError('on_lost="stop" is for one loop in the main thread: look at session.lost elsewhere')
        return signal.signal(signal.SIGURG, self._raise_lost) or signal.SIG_DFL

    def _raise_lost(self, *_):
        session, self._armed = self._armed, None
        if session is not None and session._is_ours:
            raise Lost("session %s is over" % session.id)

    def _stop_the_block(self, _):
        signal.pthread_kill(threading.main_thread().ident, signal.SIGURG)


class ajobs(_Jobs):
    """The same for asyncio: `async for job in nullworker.ajobs(take)`. take and also may be coroutine functions; also
    is called in the loop; `parallel` tasks may loop over the same object; "stop" cancels the task of the block."""

    def __aiter__(self):
        return self._loop()

    async def __aenter__(self):
        self._entered = self._loop()
        return self._entered

    async def __aexit__(self, *_):
        await self._entered.aclose()

    def _chore(self, job):
        async def once():
            told = self._also(job)
            if inspect.isawaitable(told):
                await told

        asyncio.run_coroutine_threadsafe(once(), self._event_loop).result()

    def _stop_the_block(self, _):
        self._event_loop.call_soon_threadsafe(self._cancel_blocks)

    def _cancel_blocks(self):
        for task in self._running:
            task.cancel()

    async def _loop(self):
        self._event_loop, loop = asyncio.get_running_loop(), object()
        self._begin_loop(loop)
        # Of its own: the loop's may be full of what the jobs do.
        threads, wake = concurrent.futures.ThreadPoolExecutor(1, "nullworker"), _Wake()

        def start(function, *arguments, **how):
            return self._event_loop.run_in_executor(threads, functools.partial(function, *arguments, **how))

        async def do(asked, undo=None):
            try:
                return await asyncio.shield(asked)
            except asyncio.CancelledError:
                wake.set()
                await asyncio.wait([asked])
                if undo and asked.result():
                    await asyncio.wait([start(undo)])
                raise

        try:
            session = await do(start(self._slot.enter, wake), self._slot.leave)
            while session is not None:
                try:
                    while session.wanted and await do(start(session._enter), session._leave):
                        job = token = None
                        task, began = asyncio.current_task(), time.monotonic()
                        try:
                            job = self._take()
                            if inspect.isawaitable(job):
                                job = await job
                            if job is not None:
                                token = session._began(job)
                                self._running.add(task)
                                yield job
                        finally:
                            self._running.discard(task)
                            await do(start(session._leave, token, lift=session.wanted))
                        if job is None and not self._found_none(session, time.monotonic() - began):
                            await do(start(self._pause_for, session))
                finally:
                    await do(start(self._slot.leave))
                session = await do(start(self._slot.enter, wake), self._slot.leave)
        finally:
            threads.shutdown(wait=False)
            wake.close()
            self._end_loop(loop)


def gate(resume, pause, busy, *, give_back=None, idle=None, term=60, every=0.2):
    """For queues that push, until a stop: resume() when the machine is reserved, pause() when it is wanted back, or
    when busy() has said no for `idle` seconds; then it waits for what runs, calls give_back(), and releases."""
    for session in sessions(term=term):
        found_none = False
        # Protected from before the first job can come until none can come any more.
        try:
            with session.busy():
                resume()
                try:
                    last = time.monotonic()
                    while session.wait(every):
                        if busy():
                            last = time.monotonic()
                        elif idle is not None and time.monotonic() - last >= idle:
                            found_none = True
                            break
                finally:
                    pause()
                while busy():
                    time.sleep(every)
                if give_back:
                    give_back()
        except Lost:  # it was over before it began
            continue
        session.release(found_none)


# ---- the beginning and the end -----------------------------------------------------------------------------


def ready():
    """The consumer's first sign of life, to be given when the model is loaded; waits for the daemon. False: stopped."""
    daemon, stop_wanted = _Daemon(), _here().stop
    while not stop_wanted.is_set:
        with contextlib.suppress(_Woken):
            if daemon.heartbeat(wakes=[stop_wanted]):
                return True
            stop_wanted.wait(_RETRY)
    return False


def stop():
    """The job that runs is done, no other is taken, the session is released; safe in a signal handler."""
    _here().stop.set()


def stopping():
    """Whether there was a stop."""
    return _here().stop.is_set


def _on_stop_signal(number, _):
    # Several tell a consumer to end by SIGTERM, each once; a second signal of another kind has its usual effect.
    if number != signal.SIGTERM:
        signal.signal(number, _here().handlers.pop(number, signal.SIG_DFL))
    stop()


def stop_gently(*signals):
    """On SIGTERM, or on the signals that are named, stop(). A second SIGTERM changes nothing. Call it in the main
    thread."""
    for number in signals or (signal.SIGTERM,):
        before = signal.signal(number, _on_stop_signal)
        if before is not _on_stop_signal:
            _here().handlers[number] = before if before is not None else signal.SIG_DFL
