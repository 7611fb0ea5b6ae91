#!/usr/bin/env python3
"""consumer/nullworker.py against a daemon that does what a test says, and the real one, if its program is named.

    tests/consumer/python_test.py [TEST…] [build/release/nullworkerd]

Waits for events; a limit only ends a hang."""
import asyncio
import logging
import os
import pathlib
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = str(HERE.parent.parent / "consumer")
sys.path[:0] = [str(HERE), LIBRARY]
sys.dont_write_bytecode = True
import nullworker  # noqa: E402
from real_daemon import RealDaemon  # noqa: E402
from scripted_daemon import ScriptedDaemon  # noqa: E402

nullworker._RETRY = nullworker._BETWEEN_LOOKS = 0.02
nullworker._LAST_TRIES = 1
TERM = 0.4  # where renewals are waited for
LONG = 8  # where a moment without protection would be a fault, however busy this machine is
PROGRAM = sys.argv.pop() if len(sys.argv) > 1 and os.path.isfile(sys.argv[-1]) else None


class Consumer:
    """A loop over jobs() in a thread, whose blocks last until the test says so."""

    def __init__(self, daemon, **how):
        self.jobs, self.daemon = queue.Queue(), daemon
        self.begun, self.may_end, self.done, self.failure = queue.Queue(), queue.Queue(), [], None
        self.takes, self.after_take = 0, lambda: None
        how = {"pause": 0.02, "term": TERM, **how}
        self.all = nullworker.jobs(self.take, **how)
        self.thread = threading.Thread(target=self.loop, daemon=True)
        self.thread.start()

    def take(self):
        self.takes += 1
        try:
            job = self.jobs.get_nowait()
        except queue.Empty:
            return None
        self.after_take()
        return job

    def loop(self):
        try:
            for job in self.all:
                self.begun.put(job)
                told = self.may_end.get(timeout=15)
                if told == "break":
                    break
                if isinstance(told, Exception):
                    raise told
                self.done.append(job)
        except Exception as failure:
            self.failure = failure

    def join(self):
        self.thread.join(15)
        assert not self.thread.is_alive()


class JobsTest(unittest.TestCase):
    old = False
    path = None

    def setUp(self):
        nullworker._process = nullworker._Process()
        self.daemon = ScriptedDaemon(path=self.path, old=self.old)
        self.addCleanup(self.daemon.close)
        self.threads, self.consumers = [], []
        self.addCleanup(self.end_all)
        before = dict(os.environ)
        self.addCleanup(lambda: (os.environ.clear(), os.environ.update(before)))
        variables = self.daemon.variables()
        os.environ.clear()
        os.environ.update(variables)

    def end_all(self):
        nullworker.stop()
        for consumer in self.consumers:
            for _ in "ab":
                consumer.may_end.put("break")
            consumer.join()
        for thread in self.threads:
            thread.join(15)

    def in_thread(self, function, *arguments, **how):
        self.threads.append(threading.Thread(target=function, args=arguments, kwargs=how, daemon=True))
        self.threads[-1].start()

    def consumer(self, *jobs, **how):
        consumer = Consumer(self.daemon, **how)
        self.consumers.append(consumer)
        for job in jobs:
            consumer.jobs.put(job)
        return consumer

    def test_takes_nothing_before_the_machine_is_reserved_and_then_under_protection(self):
        consumer = self.consumer("a", term=LONG)
        self.daemon.until_called("/session")
        self.assertEqual(consumer.takes, 0)
        seen = []
        consumer.after_take = lambda: seen.append(self.daemon.is_protected())
        self.daemon.reserve()
        self.assertEqual(consumer.begun.get(timeout=15), "a")
        self.assertEqual(seen, [True])

    def test_gives_a_sign_of_life_when_it_starts(self):
        self.consumer()
        self.daemon.until_called("/heartbeat")

    def test_protects_for_as_long_as_the_block_runs_and_not_longer(self):
        consumer = self.consumer("a")
        self.daemon.reserve()
        consumer.begun.get(timeout=15)
        self.daemon.until_called("/protect", 8, seconds=TERM)
        self.daemon.until(self.daemon.is_protected)
        consumer.may_end.put("end")
        self.daemon.until_called("/protect", seconds=0)
        self.assertEqual(self.daemon.count("/release"), 0)

    def test_renews_by_what_is_granted_where_that_is_less_than_the_term(self):
        consumer = self.consumer("a", term=400)
        self.daemon.longest = 2
        self.daemon.reserve()
        consumer.begun.get(timeout=15)
        lapses = 0
        while self.daemon.count("/protect", seconds=400) < 6:
            lapses += not self.daemon.is_protected()
            time.sleep(0.01)
        self.assertEqual(lapses, 0)
        self.assertLessEqual(self.daemon.count("/session"), 8)  # no faster than it must

    def test_a_keeper_that_waits_for_long_is_woken_by_a_short_grant(self):
        consumer = self.consumer(term=400, pause=0.02)
        self.daemon.reserve()
        self.daemon.until_called("/protect", 2, seconds=0)
        self.daemon.longest = 1
        consumer.jobs.put("a")
        consumer.begun.get(timeout=15)
        self.daemon.until_called("/protect", self.daemon.count("/protect") + 3, seconds=400)
        self.assertTrue(self.daemon.is_protected())

    def test_lifts_the_protection_where_there_was_no_job_and_keeps_the_session(self):
        consumer = self.consumer()
        self.daemon.reserve()
        self.daemon.until_called("/protect", 3, seconds=0)
        consumer.jobs.put("late")
        self.assertEqual(consumer.begun.get(timeout=15), "late")
        self.assertEqual(self.daemon.count("/release"), 0)

    def test_releases_for_want_of_a_job_only_where_idle_says_so(self):
        self.consumer(idle=0.05)
        name = self.daemon.reserve()
        self.daemon.until_called("/release", session_id=name, outcome="idle")

    def test_goes_on_with_the_next_session(self):
        consumer = self.consumer("a", idle=0)
        self.daemon.reserve()
        consumer.begun.get(timeout=15)
        consumer.may_end.put("end")
        self.daemon.until_free()
        consumer.jobs.put("b")
        self.daemon.reserve()
        self.assertEqual(consumer.begun.get(timeout=15), "b")

    def test_a_session_that_is_over_in_a_job_is_lost_and_the_job_goes_on(self):
        consumer = self.consumer("a")
        self.daemon.reserve()
        consumer.begun.get(timeout=15)
        session = consumer.all.session
        with self.assertLogs("nullworker", "ERROR"):
            self.daemon.end()
            self.daemon.until(lambda: session.lost)
        self.daemon.reserve()
        consumer.may_end.put("end")
        consumer.jobs.put("b")
        self.assertEqual(consumer.begun.get(timeout=15), "b")
        self.assertEqual(consumer.done, ["a"])
        self.assertEqual(self.daemon.count("/release"), 0)

    def test_another_session_in_a_job_is_a_loss_and_is_not_touched(self):
        consumer = self.consumer("a")
        self.daemon.reserve()
        consumer.begun.get(timeout=15)
        with self.assertLogs("nullworker", "ERROR"):
            other = self.daemon.reserve()
            self.daemon.until(lambda: consumer.all.session.lost)
        self.assertEqual(self.daemon.count("/protect", session_id=other), 0)
        consumer.may_end.put("break")
        consumer.join()
        self.assertEqual(self.daemon.session, other)

    def test_a_restart_of_the_daemon_costs_no_job(self):
        consumer = self.consumer("a")
        name = self.daemon.reserve()
        consumer.begun.get(timeout=15)
        with self.assertLogs("nullworker", "WARNING") as told:
            self.daemon.stop()
            time.sleep(3 * TERM)  # away for longer than the protection lasts
            protections = self.daemon.count("/protect")
            self.daemon.start()
            self.daemon.until(lambda: self.daemon.count("/protect") > protections)
        self.assertEqual(len(told.output), 1, told.output)
        self.assertFalse(consumer.all.session.lost)
        consumer.may_end.put("break")
        self.daemon.until_called("/release", session_id=name)

    def test_a_restart_of_the_daemon_before_a_session_is_waited_for(self):
        consumer = self.consumer("a")
        self.daemon.until_called("/session")
        self.daemon.stop()
        self.daemon.start()
        self.daemon.reserve()
        self.assertEqual(consumer.begun.get(timeout=15), "a")

    def test_retiring_while_idle_takes_nothing_more(self):
        consumer = self.consumer(pause=5)
        self.daemon.reserve()
        self.daemon.until_called("/protect", seconds=0)
        self.daemon.retire()
        self.daemon.until_free()
        takes = consumer.takes
        calls = self.daemon.count("/session")
        self.daemon.until_called("/session", calls + 2)  # it waits for the next one
        self.assertEqual(consumer.takes, takes)

    def test_retiring_while_busy_ends_the_job_and_releases_by_name(self):
        consumer = self.consumer("a", "b", term=LONG)
        name = self.daemon.reserve()
        consumer.begun.get(timeout=15)
        self.daemon.retire()
        self.daemon.until(lambda: consumer.all.session.retiring)
        self.assertEqual(self.daemon.session, name)
        consumer.may_end.put("end")
        self.daemon.until_called("/release", session_id=name)
        self.assertEqual(consumer.done, ["a"])
        self.assertEqual(consumer.jobs.qsize(), 1)

    def test_retiring_between_take_and_block_still_does_the_job(self):
        consumer = self.consumer(term=LONG)
        consumer.after_take = self.daemon.retire
        consumer.jobs.put("a")
        name = self.daemon.reserve()
        self.assertEqual(consumer.begun.get(timeout=15), "a")
        self.assertEqual(self.daemon.session, name)
        consumer.may_end.put("end")
        self.daemon.until_free()
        self.assertEqual(consumer.done, ["a"])

    def test_a_session_that_is_over_before_the_protection_costs_no_job(self):
        consumer = self.consumer(pause=5)
        self.daemon.reserve()
        self.daemon.until_called("/protect", seconds=0)
        self.daemon.end()
        consumer.jobs.put("a")
        self.daemon.until(lambda: consumer.all.session.over)
        self.assertFalse(consumer.all.session.lost)
        self.assertEqual(consumer.jobs.qsize(), 1)

    def test_break_and_exceptions_in_the_block_release(self):
        for told in "break", KeyError("mine"):
            consumer = self.consumer("a")
            name = self.daemon.reserve()
            consumer.begun.get(timeout=15)
            consumer.may_end.put(told)
            consumer.join()
            self.assertEqual(consumer.failure, None if told == "break" else told)
            self.assertEqual(self.daemon.count("/release", session_id=name), 1)

    def test_an_exception_of_take_releases(self):
        def take():
            raise OSError("the queue is away")

        name = self.daemon.reserve()
        with self.assertRaises(OSError):
            list(nullworker.jobs(take, term=TERM))
        self.assertEqual(self.daemon.count("/release", session_id=name), 1)

    def test_stop_ends_a_wait_at_once_and_a_job_in_its_time(self):
        consumer = self.consumer(term=400)
        self.daemon.until_called("/session")
        nullworker.stop()
        consumer.join()
        nullworker._process = nullworker._Process()
        consumer = self.consumer("a", "b")
        name = self.daemon.reserve()
        consumer.begun.get(timeout=15)
        nullworker.stop()
        consumer.may_end.put("end")
        consumer.join()
        self.assertEqual(consumer.done, ["a"])
        self.assertEqual(self.daemon.count("/release", session_id=name), 1)

    def test_also_is_called_with_each_renewal_and_may_fail_and_hang(self):
        touched, release = queue.Queue(), threading.Event()

        def also(job):
            touched.put(job)
            if touched.qsize() == 1:
                raise KeyError("of the user's")
            if touched.qsize() == 3:
                release.wait(15)

        self.addCleanup(release.set)
        consumer = self.consumer("a", also=also)
        self.daemon.reserve()
        consumer.begun.get(timeout=15)
        with self.assertLogs("nullworker", "WARNING"):
            self.daemon.until(lambda: touched.qsize() == 3)
            self.daemon.until_called("/protect", self.daemon.count("/protect") + 4, seconds=TERM)
        self.daemon.until(self.daemon.is_protected)
        release.set()
        consumer.may_end.put("break")

    def test_an_answer_that_makes_no_sense_costs_no_protection(self):
        consumer = self.consumer("a")
        self.daemon.reserve()
        consumer.begun.get(timeout=15)
        with self.assertLogs("nullworker", "ERROR"):
            answers, self.daemon.on_session = self.daemon.on_session, lambda _: (200, {"what": "else"})
            self.daemon.until_called("/protect", self.daemon.count("/protect") + 4, seconds=TERM)
        self.daemon.on_session = answers
        self.assertFalse(consumer.all.session.lost)

    def test_a_long_empty_take_is_warned_of_once_by_name(self):
        def slow_take():
            time.sleep(0.6)

        with self.assertLogs("nullworker", "WARNING") as told:
            self.in_thread(lambda: list(nullworker.jobs(slow_take, pause=0.01, term=TERM)))
            self.daemon.reserve()
            self.daemon.until_called("/protect", 3, seconds=0)
        self.assertEqual(len(told.output), 1, told.output)
        self.assertIn("slow_take", told.output[0])

    def test_parallel_loops_share_one_session_until_the_last_has_ended(self):
        consumer = self.consumer("a", "b", parallel=2, idle=0.05)
        self.in_thread(consumer.loop)
        name = self.daemon.reserve()
        self.assertEqual({consumer.begun.get(timeout=15) for _ in "ab"}, {"a", "b"})
        consumer.may_end.put("end")
        self.daemon.until_called("/protect", self.daemon.count("/protect") + 4, seconds=TERM)
        self.daemon.until(self.daemon.is_protected)
        self.assertEqual(self.daemon.session, name)
        consumer.may_end.put("end")
        self.daemon.until_free()
        self.assertEqual(self.daemon.count("/release"), 1)

    def test_more_loops_than_parallel_are_refused(self):
        consumer = self.consumer()
        self.daemon.until_called("/session")
        with self.assertRaises(RuntimeError):
            next(iter(consumer.all))

    def test_options_that_make_no_sense_are_refused(self):
        for wrong in {"on_lost": "kill"}, {"term": 0}, {"pause": -1}, {"parallel": 0}:
            with self.assertRaises(ValueError):
                nullworker.jobs(lambda: None, **wrong)

    def test_no_proxy_is_ever_used(self):
        os.environ["http_proxy"] = os.environ["HTTP_PROXY"] = os.environ["ALL_PROXY"] = "http://127.0.0.1:9"
        consumer = self.consumer("a")
        self.daemon.reserve()
        self.assertEqual(consumer.begun.get(timeout=15), "a")

    # ---- sessions, gate, ready
    def test_sessions_are_for_those_who_want_more(self):
        name, found = self.daemon.reserve(), []
        for session in nullworker.sessions(term=LONG):
            with session.busy():
                found.append((session.id, self.daemon.is_protected()))
            session.release(idle=True)
            with self.assertRaises(nullworker.Lost):
                with session.busy():
                    found.append("too late")
            break
        self.assertEqual(found, [(name, True)])
        self.assertEqual(self.daemon.count("/release", session_id=name, outcome="idle"), 1)

    def test_a_gate_resumes_when_reserved_and_pauses_before_it_releases(self):
        told, running = queue.Queue(), threading.Event()

        def note(what):
            return lambda: told.put((what, self.daemon.is_protected()))

        self.in_thread(nullworker.gate, note("resume"), note("pause"), running.is_set, give_back=note("give back"),
                       term=LONG, every=0.02)
        self.daemon.until_called("/session")
        self.assertTrue(told.empty())
        running.set()
        name = self.daemon.reserve()
        self.assertEqual(told.get(timeout=15), ("resume", True))
        self.daemon.retire()
        self.assertEqual(told.get(timeout=15), ("pause", True))
        self.assertTrue(told.empty())
        self.assertEqual(self.daemon.session, name)
        running.clear()
        self.assertEqual(told.get(timeout=15), ("give back", True))
        self.daemon.until_free()

    def test_a_gate_releases_when_idle(self):
        self.in_thread(nullworker.gate, lambda: None, lambda: None, lambda: False, idle=0.05, term=TERM, every=0.02)
        name = self.daemon.reserve()
        self.daemon.until_called("/release", session_id=name, outcome="idle")

    def test_ready_waits_for_the_daemon(self):
        self.daemon.stop()
        answers = queue.Queue()
        self.in_thread(lambda: answers.put(nullworker.ready()))
        self.daemon.start()
        self.assertTrue(answers.get(timeout=15))

    # ---- asyncio
    def run_async(self, take, body, act, **how):
        async def main():
            loop = asyncio.get_running_loop()
            acting = loop.run_in_executor(None, act)
            async for job in nullworker.ajobs(take, pause=0.02, term=TERM, **how):
                if await body(job) == "break":
                    break
            await acting

        asyncio.run(main())

    def test_ajobs_protects_and_calls_also_in_the_loop(self):
        jobs, threads = ["a"], set()

        async def take():
            return jobs.pop() if jobs else None

        async def also(job):
            threads.add(threading.current_thread())

        async def body(job):
            while not threads:
                await asyncio.sleep(0.01)
            self.daemon.until(self.daemon.is_protected)
            return "break"

        self.run_async(take, body, self.daemon.reserve, also=also)
        self.assertEqual(threads, {threading.main_thread()})
        self.assertEqual(self.daemon.count("/release", session_id="session1"), 1)

    def test_ajobs_stops_a_wait_at_once(self):
        def act():
            self.daemon.until_called("/session")
            nullworker.stop()

        self.run_async(lambda: None, None, act)

    def test_ajobs_that_is_cancelled_releases(self):
        async def main():
            async def loop():
                async for _ in nullworker.ajobs(lambda: "a", term=TERM):
                    begun.set()
                    await asyncio.sleep(60)

            for reserved in False, True:
                begun = asyncio.Event()
                task = asyncio.ensure_future(loop())
                if reserved:
                    await asyncio.get_running_loop().run_in_executor(None, self.daemon.reserve)
                    await begun.wait()
                else:
                    await asyncio.get_running_loop().run_in_executor(None, self.daemon.until_called, "/session")
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task

        asyncio.run(main())
        self.assertEqual(self.daemon.count("/release", session_id="session1"), 1)

    def test_ajobs_cancels_the_block_of_a_lost_session_where_it_shall_stop(self):
        async def take():
            return "a"

        async def body(job):
            await asyncio.get_running_loop().run_in_executor(None, self.daemon.end)
            await asyncio.sleep(60)

        with self.assertLogs("nullworker", "ERROR"), self.assertRaises(asyncio.CancelledError):
            self.run_async(take, body, self.daemon.reserve, on_lost="stop")


class OldDaemonTest(JobsTest):
    """A daemon of before /protect: what a job needs is there, and the rest degrades."""
    old = True

    def test_renews_instead_and_says_so_once(self):
        with self.assertLogs("nullworker", "WARNING") as told:
            consumer = self.consumer("a", "b", idle=0)
            self.daemon.reserve()
            for _ in range(2):
                consumer.begun.get(timeout=15)
                self.daemon.until_called("/renew", self.daemon.count("/renew") + 3, lifetime=100)  # never shortens
                consumer.may_end.put("end")
            self.daemon.until_free()
            consumer.jobs.put("c")
            self.daemon.reserve()
            consumer.begun.get(timeout=15)
        self.assertEqual(len(told.output), 1, told.output)
        self.assertFalse(consumer.all.session.lost)


# Of the tests above those to which neither a protection nor a retirement belongs.
for name in list(vars(JobsTest)):
    if name.startswith("test_") and name not in (
            "test_a_restart_of_the_daemon_before_a_session_is_waited_for",
            "test_break_and_exceptions_in_the_block_release",
            "test_releases_for_want_of_a_job_only_where_idle_says_so", "test_goes_on_with_the_next_session",
            "test_a_session_that_is_over_in_a_job_is_lost_and_the_job_goes_on"):
        setattr(OldDaemonTest, name, None)


class ProcessTest(unittest.TestCase):
    """What belongs to a process: signals, its end, its forks, its environment."""

    def setUp(self):
        self.daemon = ScriptedDaemon()
        self.addCleanup(lambda: self.daemon.close())

    def start(self, text, **more):
        text = "import os, sys, time, signal, threading\nimport nullworker\nnullworker._RETRY = 0.05\n" + text
        process = subprocess.Popen([sys.executable, "-B", "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   text=True,
                                   env={**self.daemon.variables(), "PYTHONPATH": LIBRARY, "PYTHONUNBUFFERED": "1",
                                        **more})
        self.addCleanup(process.stdin.close)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_sigterm_lets_the_job_end_takes_none_and_releases(self):
        process = self.start("nullworker.stop_gently()\n"
                             "for job in nullworker.jobs(lambda: 'a', term=0.4):\n"
                             "    print('begun')\n    end = time.monotonic() + 0.3\n"
                             "    while not (nullworker.stopping() and time.monotonic() > end): time.sleep(0.01)\n"
                             "    print('done')\n")
        name = self.daemon.reserve()
        self.assertEqual(process.stdout.readline(), "begun\n")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.stdout.read(), "done\n")
        self.assertEqual(process.wait(15), 0)
        self.assertEqual(self.daemon.count("/release", session_id=name), 1)

    def test_sigterm_ends_a_wait_for_a_session_at_once(self):
        process = self.start("nullworker.stop_gently()\n"
                             "for job in nullworker.jobs(lambda: None, term=400): pass\n")
        self.daemon.until_called("/session")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(15), 0)

    def test_sigterm_ends_a_wait_of_ajobs_at_once(self):
        process = self.start("import asyncio\nnullworker.stop_gently()\nasync def main():\n"
                             "    async for job in nullworker.ajobs(lambda: None, term=400): pass\n"
                             "asyncio.run(main())\n")
        self.daemon.until_called("/session")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(15), 0)

    STOPPING = ("for job in nullworker.jobs(lambda: 'a', term=0.4):\n"
                "    print('begun')\n"
                "    while not nullworker.stopping(): time.sleep(0.01)\n"
                "    print('stopping')\n    sys.stdin.readline()\n    print('done')\n")

    def stopping(self, how, by):
        process = self.start(how + self.STOPPING)
        self.daemon.reserve()
        process.stdout.readline()
        process.send_signal(by)
        process.stdout.readline()
        return process

    def test_a_second_sigterm_changes_nothing(self):
        process = self.stopping("nullworker.stop_gently()\n", signal.SIGTERM)
        for _ in range(2):
            process.send_signal(signal.SIGTERM)
        process.stdin.close()
        self.assertEqual(process.stdout.read(), "done\n")
        self.assertEqual(process.wait(15), 0)
        self.daemon.until_free()

    def test_other_signals_keep_their_usual_effect(self):
        process = self.stopping("nullworker.stop_gently()\n", signal.SIGTERM)
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(15), -signal.SIGHUP)
        process = self.stopping("nullworker.stop_gently(signal.SIGTERM, signal.SIGUSR1)\n", signal.SIGUSR1)
        process.send_signal(signal.SIGUSR1)
        self.assertEqual(process.wait(15), -signal.SIGUSR1)

    def test_an_exit_releases_what_a_thread_holds(self):
        process = self.start("def loop():\n    for job in nullworker.jobs(lambda: 'a', term=0.4):\n"
                             "        begun.set()\n        time.sleep(60)\n"
                             "begun = threading.Event()\nthreading.Thread(target=loop, daemon=True).start()\n"
                             "begun.wait()\n")
        name = self.daemon.reserve()
        self.assertEqual(process.wait(15), 0)
        self.assertEqual(self.daemon.count("/release", session_id=name), 1)

    def test_an_exit_without_a_daemon_takes_5_s_at_most(self):
        process = self.start("nullworker._LAST_TRIES = 0.5\n"
                             "for job in nullworker.jobs(lambda: 'a', term=0.4):\n    print('begun')\n"
                             "    time.sleep(60)\n")
        self.daemon.reserve()
        process.stdout.readline()
        self.daemon.stop()
        process.send_signal(signal.SIGINT)
        process.wait(15)

    def test_a_fork_does_nothing_at_its_end_and_renews_nothing(self):
        process = self.start("nullworker.stop_gently()\n"
                             "for job in nullworker.jobs(lambda: 'a', term=0.4):\n"
                             "    for how in 'exit', 'raise', 'signal', 'next':\n"
                             "        child = os.fork()\n"
                             "        if not child:\n"
                             "            sys.stderr = open(os.devnull, 'w')\n"
                             "            assert threading.active_count() == 1 and not nullworker.stopping()\n"
                             "            if how == 'exit': sys.exit(3)\n"
                             "            if how == 'raise': raise KeyError\n"
                             "            if how == 'signal': os.kill(os.getpid(), signal.SIGTERM); time.sleep(60)\n"
                             "            break\n"
                             "        print(how, os.waitpid(child, 0)[1])\n"
                             "    if not child: continue\n"
                             "    print('parent', nullworker.stopping())\n"
                             "    sys.stdin.readline()\n")
        name = self.daemon.reserve()
        self.assertEqual([process.stdout.readline() for _ in range(5)],
                         ["exit 768\n", "raise 256\n", "signal 15\n", "next 256\n", "parent False\n"])
        self.assertEqual(self.daemon.count("/release"), 0)
        self.assertEqual(self.daemon.session, name)
        self.daemon.until_called("/protect", self.daemon.count("/protect") + 2)

    def test_stop_on_a_lost_session_raises_in_the_block_although_it_sleeps(self):
        process = self.start("try:\n    for job in nullworker.jobs(lambda: 'a', term=0.4, on_lost='stop'):\n"
                             "        print('begun')\n        time.sleep(60)\n"
                             "except nullworker.Lost as lost: print(lost)\n")
        name = self.daemon.reserve()
        process.stdout.readline()
        self.daemon.end()
        self.assertEqual(process.stdout.readline(), "session %s is over\n" % name)
        self.assertEqual(process.wait(15), 0)

    def test_the_unix_socket_is_asked_instead_of_the_port(self):
        with tempfile.TemporaryDirectory() as folder:
            self.daemon.close()
            self.daemon = ScriptedDaemon(path=folder + "/control")
            process = self.start("for job in nullworker.jobs(lambda: 'a', term=0.4): break\n", NULL_CONTROL_PORT="9")
            name = self.daemon.reserve()
            self.assertEqual(process.wait(15), 0)
            self.assertEqual(self.daemon.count("/release", session_id=name), 1)
            self.daemon.close()


@unittest.skipUnless(PROGRAM, "the program nullworkerd is not named")
class RealDaemonTest(unittest.TestCase):
    """The same words as the daemon itself understands them."""

    def setUp(self):
        nullworker._process = nullworker._Process()
        self.daemon = RealDaemon(PROGRAM, 26500)
        self.addCleanup(self.daemon.close)
        os.environ["NULL_CONTROL_PORT"] = str(self.daemon.control)
        self.consumer = Consumer(None, term=4)
        self.addCleanup(self.end)

    def end(self):
        nullworker.stop()
        self.consumer.may_end.put("break")
        self.consumer.join()

    def test_a_job_is_protected_from_a_retirement_and_released_after_it(self):
        self.consumer.jobs.put("a")
        self.daemon.reserve(lifetime=1)
        self.consumer.begun.get(timeout=15)
        self.assertEqual(self.daemon.retire()[0], 202)
        self.daemon.until(lambda _: self.consumer.all.session.retiring, "the news of the retirement")
        self.assertEqual(self.daemon.retire("idle")[0], 409)
        self.consumer.may_end.put("end")
        self.daemon.until(lambda slot: slot is None, "the release")
        self.assertFalse(self.consumer.all.session.lost)

    def test_an_idle_session_is_given_back_and_the_next_one_taken(self):
        self.consumer.all._pause = 30  # unprotected all the while
        for times in 1, 2:
            self.daemon.reserve()
            self.daemon.until(lambda slot: self.consumer.takes == times and slot["protected_until"] is None,
                              "the pause")
            self.assertEqual(self.daemon.retire()[0], 200)
            self.daemon.until(lambda slot: slot is None, "the end")
        self.consumer.jobs.put("a")
        self.daemon.reserve()
        self.consumer.begun.get(timeout=15)

    def test_a_job_outlives_a_killed_daemon_in_its_session(self):
        self.consumer.jobs.put("a")
        name = self.daemon.reserve()
        self.consumer.begun.get(timeout=15)
        self.daemon.kill()
        self.daemon.start()
        self.assertEqual(self.daemon.slot()["session_id"], name)
        self.consumer.may_end.put("break")
        self.consumer.join()
        self.assertIsNone(self.daemon.slot())
        self.assertFalse(self.consumer.all.session.lost)

    def test_a_release_says_that_there_was_no_job(self):
        self.end()
        nullworker._process = nullworker._Process()
        self.addCleanup(os.environ.pop, "NULLWORKER_CONTROL_SOCKET", None)
        for more in {}, {"NULLWORKER_CONTROL_SOCKET": self.daemon.socket}:
            os.environ.update(more)
            self.daemon.reserve()
            for session in nullworker.sessions(term=4):
                session.release(idle=True)
                break
            self.assertIsNone(self.daemon.slot())


if __name__ == "__main__":
    if not sys.flags.verbose:
        logging.getLogger("nullworker").addHandler(logging.NullHandler())
    unittest.main(warnings="ignore")
