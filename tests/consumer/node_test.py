#!/usr/bin/env python3
"""consumer/nullworker.mjs against a daemon that does what a test says, and the real one, if its program is named.

    tests/consumer/node_test.py [TEST…] [build/release/nullworkerd]

NODE names the program, `node` by default. Exit code 77: there is none, or one before 18."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
from real_daemon import RealDaemon  # noqa: E402
from scripted_daemon import ScriptedDaemon  # noqa: E402

NODE = shutil.which(os.environ.get("NODE", "node"))
PROGRAM = sys.argv.pop() if len(sys.argv) > 1 and os.path.isfile(sys.argv[-1]) else None

# `queue` is what take() gives; a block lasts until a line comes in, which may be an order to it.
PRELUDE = """
import { createInterface } from 'node:readline'
import * as nullworker from '%s'
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
process.stdin.unref()
const order = async () => {
  process.stdin.ref()
  try { return (await lines.next()).value } finally { process.stdin.unref() }
}
const say = console.log
const sleep = ms => new Promise(done => setTimeout(done, ms))
const queue = (process.env.JOBS ?? '').split(' ').filter(Boolean)
let takes = 0
const take = async () => { takes += 1; return queue.shift() }
const how = { term: 0.4, pause: 0.02 }
const loop = async (more = {}, afterTake = async () => {}) => {
  const all = nullworker.jobs(async () => { const job = await take(); if (job) await afterTake(job); return job },
                              { ...how, ...more })
  for await (const job of all) {
    say('begun ' + job)
    const told = await order()
    if (told === 'break') break
    if (told === 'throw') throw new Error('of the block')
    if (told === 'lost?') say(all.session.lost)
    say('done ' + job)
  }
}
""" % (HERE.parent.parent / "consumer" / "nullworker.mjs").as_uri()


class Running:
    def __init__(self, text, variables, jobs=""):
        self.process = subprocess.Popen(
            [NODE, "--input-type=module", "-e", PRELUDE + text], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, bufsize=1, env={**variables, "JOBS": jobs})
        self.told, self.errors, self.news = [], [], threading.Condition()
        self.threads = [threading.Thread(target=self.read, args=both, daemon=True) for both in (
            (self.process.stdout, self.told), (self.process.stderr, self.errors))]
        for thread in self.threads:
            thread.start()

    def read(self, source, to):
        for line in source:
            with self.news:
                to.append(line.rstrip("\n"))
                self.news.notify_all()

    def until_told(self, text, times=1):
        with self.news:
            if not self.news.wait_for(lambda: self.told.count(text) >= times, 15):
                raise AssertionError("%r was not told, but %s and %s" % (text, self.told, self.errors))

    def until_warned(self, text):
        with self.news:
            if not self.news.wait_for(lambda: any(text in line for line in self.errors), 15):
                raise AssertionError("%r was not warned of, but %s and %s" % (text, self.told, self.errors))

    def order(self, text):
        self.process.stdin.write(text + "\n")

    def end(self):
        code = self.process.wait(15)
        for thread in self.threads:
            thread.join(15)
        return code

    def close(self):
        self.process.kill()
        self.end()
        for pipe in self.process.stdin, self.process.stdout, self.process.stderr:
            pipe.close()


class NodeTest(unittest.TestCase):
    def setUp(self):
        self.daemon = ScriptedDaemon()
        self.addCleanup(lambda: self.daemon.close())

    def start(self, text="await loop()", jobs="a", **more):
        running = Running(text, {**self.daemon.variables(), **more}, jobs)
        self.addCleanup(running.close)
        return running

    def begun(self, text="await loop()", jobs="a", **more):
        running = self.start(text, jobs, **more)
        self.name = self.daemon.reserve()
        running.until_told("begun a")
        return running

    def test_takes_under_protection_and_lifts_it_where_there_was_no_job(self):
        running = self.start("await loop({}, () => say('taken'))", jobs="")
        self.daemon.until_called("/heartbeat")
        self.daemon.until_called("/session")
        self.assertEqual(self.daemon.count("/protect"), 0)
        self.daemon.reserve()
        self.daemon.until_called("/protect", 3, seconds=0)
        self.assertEqual(running.told, [])
        self.assertEqual(self.daemon.count("/release"), 0)

    def test_protects_for_as_long_as_the_block_runs(self):
        running = self.begun()
        self.daemon.until_called("/protect", 8, seconds=0.4)
        self.daemon.until(self.daemon.is_protected)
        running.order("end")
        self.daemon.until_called("/protect", seconds=0)

    def test_a_job_that_blocks_the_event_loop_keeps_its_machine(self):
        running = self.start("for await (const job of nullworker.jobs(take, { term: 2 })) {\n"
                             "  say('begun ' + job)\n  for (const end = Date.now() + 2500; Date.now() < end;);\n"
                             "  say('done ' + job)\n  break\n}")
        name = self.daemon.reserve()
        running.until_told("begun a")
        lapses = 0
        while "done a" not in running.told:
            lapses += not self.daemon.is_protected()
            time.sleep(0.01)
        self.assertEqual((lapses, self.daemon.session or name), (0, name))
        self.assertGreaterEqual(self.daemon.count("/protect", seconds=2), 4)
        self.assertEqual(running.end(), 0)

    def test_renews_by_what_is_granted_where_that_is_less_than_the_term(self):
        self.daemon.longest = 2
        self.begun("await loop({ term: 400 })")
        lapses = 0
        while self.daemon.count("/protect", seconds=400) < 6:
            lapses += not self.daemon.is_protected()
            time.sleep(0.01)
        self.assertEqual(lapses, 0)
        self.assertLessEqual(self.daemon.count("/heartbeat"), 2)

    def test_releases_for_want_of_a_job_only_where_idle_says_so(self):
        self.start("await loop({ idle: 0.05 })", jobs="")
        self.daemon.until_called("/release", session_id=self.daemon.reserve(), outcome="idle")

    def test_a_session_that_is_over_in_a_job_is_lost_and_the_job_goes_on(self):
        running = self.begun(jobs="a b")
        self.daemon.end()
        running.until_warned("is over while its job runs")
        running.order("lost?")
        running.until_told("done a")
        self.assertIn("true", running.told)
        self.daemon.reserve()
        running.until_told("begun b")
        self.assertEqual(self.daemon.count("/release"), 0)

    def test_stop_on_a_lost_session_aborts_its_signal_and_ends_the_loop(self):
        running = self.begun("const all = nullworker.jobs(take, { ...how, onLost: 'stop' })\n"
                             "try { for await (const job of all) {\n"
                             "  say('begun ' + job)\n"
                             "  await new Promise(done => all.session.signal.addEventListener('abort', done))\n"
                             "} } catch (e) { say(e.name) }")
        self.daemon.end()
        running.until_told("Lost")

    def test_a_restart_of_the_daemon_costs_no_job(self):
        running = self.begun()
        self.daemon.stop()
        running.until_warned("no nullworkerd answers")
        time.sleep(1)  # away for longer than the protection lasts
        protections = self.daemon.count("/protect")
        self.daemon.start()
        self.daemon.until(lambda: self.daemon.count("/protect") > protections)
        running.order("break")
        self.daemon.until_called("/release", session_id=self.name)
        self.assertEqual(running.end(), 0)
        self.assertEqual(len(running.errors), 1)

    def test_retiring_while_idle_takes_nothing_more(self):
        self.start("await loop({ pause: 30 })", jobs="")
        self.daemon.reserve()
        self.daemon.until_called("/protect", seconds=0)
        self.daemon.retire()
        self.daemon.until_free()
        protections, looks = self.daemon.count("/protect"), self.daemon.count("/session", since="0")
        self.daemon.until_called("/session", looks + 1, since="0")
        self.assertEqual(self.daemon.count("/protect"), protections)

    def test_retiring_while_busy_ends_the_job_and_releases_by_name(self):
        running = self.begun("await loop({ term: 8 })", jobs="a b")
        self.daemon.retire()
        running.order("end")
        self.daemon.until_called("/release", session_id=self.name)
        self.assertEqual(running.told, ["begun a", "done a"])

    def test_retiring_between_take_and_block_still_does_the_job(self):
        running = self.start("await loop({ term: 8 }, async () => { say('taken'); await order() })")
        self.daemon.reserve()
        running.until_told("taken")
        self.daemon.retire()
        running.order("go on")
        running.until_told("begun a")
        self.assertTrue(self.daemon.is_protected())
        running.order("end")
        running.until_told("done a")
        self.daemon.until_free()

    def test_break_and_exceptions_in_the_block_release(self):
        for order, code in ("break", 0), ("throw", 1):
            running = self.begun()
            running.order(order)
            self.assertEqual(running.end(), code)
            self.assertEqual(self.daemon.count("/release", session_id=self.name), 1)

    def test_sigterm_lets_the_job_end_takes_none_and_releases(self):
        running = self.begun("process.on('SIGTERM', () => say('told'))\nnullworker.stopGently()\nawait loop()", "a b")
        running.process.send_signal(signal.SIGTERM)
        running.until_told("told")
        running.order("end")
        running.until_told("done a")
        running.process.stdin.close()
        self.assertEqual(running.end(), 0)
        self.assertNotIn("begun b", running.told)
        self.assertEqual(self.daemon.count("/release", session_id=self.name), 1)

    def test_a_second_sigterm_changes_nothing_and_other_signals_keep_their_effect(self):
        text = "nullworker.stopGently()\nprocess.on('SIGTERM', () => say('told'))\nawait loop()"
        running = self.begun(text, "a b")
        for times in 1, 2, 3:
            running.process.send_signal(signal.SIGTERM)
            running.until_told("told", times)
        running.order("end")
        running.until_told("done a")
        running.process.stdin.close()
        self.assertEqual(running.end(), 0)
        self.daemon.until_free()
        running = self.begun(text)
        running.process.send_signal(signal.SIGHUP)
        self.assertEqual(running.end(), -signal.SIGHUP)
        self.daemon.end()
        running = self.begun("setInterval(() => nullworker.stopping() && say('stopping'), 10).unref()\n"
                             "nullworker.stopGently('SIGUSR2')\nawait loop()")
        running.process.send_signal(signal.SIGUSR2)
        running.until_told("stopping")
        running.process.send_signal(signal.SIGUSR2)
        self.assertEqual(running.end(), -signal.SIGUSR2)

    def test_sigterm_ends_a_wait_for_a_session_at_once(self):
        running = self.start("nullworker.stopGently()\nawait loop({ term: 400 })")
        self.daemon.until_called("/session")
        running.process.send_signal(signal.SIGTERM)
        self.assertEqual(running.end(), 0)

    def test_an_exit_in_a_job_releases(self):
        running = self.start("for await (const job of nullworker.jobs(take, how)) process.exit(3)")
        name = self.daemon.reserve()
        self.assertEqual(running.end(), 3)
        self.assertEqual(self.daemon.count("/release", session_id=name), 1)

    def test_a_child_process_does_nothing_at_its_end(self):
        running = self.begun("import { spawnSync } from 'node:child_process'\n"
                             "for await (const job of nullworker.jobs(take, how)) {\n"
                             "  spawnSync(process.execPath, ['--input-type=module', '-e', `import '%s'`])\n"
                             "  say('begun a')\n  await order()\n  break\n}"
                             % (HERE.parent.parent / "consumer" / "nullworker.mjs").as_uri())
        self.assertEqual(self.daemon.count("/release"), 0)
        running.order("end")
        self.assertEqual(running.end(), 0)

    def test_also_is_called_with_each_renewal_and_may_fail(self):
        running = self.begun("await loop({ also: job => { say('also ' + job); throw new Error('of also') } })")
        running.until_told("also a", 3)
        running.until_warned("of also")
        self.daemon.until(self.daemon.is_protected)

    def test_a_long_empty_take_is_warned_of_once_by_name(self):
        running = self.start("const slowTake = async () => { await sleep(600) }\n"
                             "for await (const job of nullworker.jobs(slowTake, how));", jobs="")
        self.daemon.reserve()
        running.until_warned("slowTake")
        self.daemon.until_called("/protect", 3, seconds=0)
        self.assertEqual(len(running.errors), 1)

    def test_parallel_loops_share_one_session(self):
        running = self.start("const all = nullworker.jobs(take, { ...how, idle: 0.05, parallel: 2 })\n"
                             "const one = async () => { for await (const job of all) {\n"
                             "  say('begun ' + job)\n  await order()\n  say('done') } }\n"
                             "await Promise.all([one(), one()])", jobs="a b")
        self.daemon.reserve()
        running.until_told("begun a")
        running.until_told("begun b")
        running.order("end")
        running.until_told("done")
        self.daemon.until_called("/protect", self.daemon.count("/protect") + 4, seconds=0.4)
        running.order("end")
        self.daemon.until_free()
        self.assertEqual(self.daemon.count("/release"), 1)

    def test_a_daemon_of_before_is_told_to_renew_and_that_is_said_once(self):
        self.daemon.close()
        self.daemon = ScriptedDaemon(old=True)
        running = self.begun("await loop({ idle: 0 })", jobs="a")
        self.daemon.until_called("/renew", 3, lifetime=100)  # never shortens
        running.order("end")
        self.daemon.until_free()
        self.daemon.reserve()
        self.daemon.until_free()
        self.assertEqual(len(running.errors), 1, running.errors)
        self.assertIn("too old", running.errors[0])

    def test_no_proxy_is_ever_used(self):
        proxy = "http://127.0.0.1:9"
        self.begun(http_proxy=proxy, HTTP_PROXY=proxy, ALL_PROXY=proxy, NODE_USE_ENV_PROXY="1")

    def test_the_unix_socket_is_asked_instead_of_the_port(self):
        with tempfile.TemporaryDirectory() as folder:
            self.daemon.close()
            self.daemon = ScriptedDaemon(path=folder + "/control")
            running = self.begun(NULL_CONTROL_PORT="9")
            running.order("break")
            self.assertEqual(running.end(), 0)
            self.assertEqual(self.daemon.count("/release", session_id=self.name), 1)
            self.daemon.close()

    def test_a_gate_resumes_when_reserved_and_pauses_before_it_releases(self):
        running = self.start("let runs = true\n"
                             "const ended = nullworker.gate(() => say('resume'), () => say('pause'), () => runs,\n"
                             "  { giveBack: () => say('give back'), term: 8, every: 0.02 })\n"
                             "await order()\nruns = false\nawait ended")
        self.daemon.until_called("/session")
        self.assertEqual(running.told, [])
        name = self.daemon.reserve()
        running.until_told("resume")
        self.daemon.retire()
        running.until_told("pause")
        self.assertEqual((running.told, self.daemon.session), (["resume", "pause"], name))
        running.order("end")
        running.until_told("give back")
        self.daemon.until_free()

    def test_ready_waits_for_the_daemon(self):
        self.daemon.stop()
        running = self.start("say(await nullworker.ready())")
        running.until_warned("no nullworkerd answers")
        self.daemon.start()
        running.until_told("true")

    @unittest.skipUnless(PROGRAM, "the program nullworkerd is not named")
    def test_understands_itself_with_the_real_daemon(self):
        real = RealDaemon(PROGRAM, 26550)
        self.addCleanup(real.close)
        running = self.start("const look = () => { say('look'); return take() }\n"
                             "for await (const job of nullworker.jobs(look, { term: 4, pause: 30 })) {\n"
                             "  say('begun ' + job)\n  await order()\n  say('done ' + job)\n}",
                             NULL_CONTROL_PORT=str(real.control))
        real.reserve(lifetime=1)
        running.until_told("begun a")
        self.assertEqual(real.retire()[0], 202)
        real.kill()
        real.start()
        self.assertEqual(real.slot()["session_id"], real.session)
        running.order("end")
        running.until_told("done a")
        real.until(lambda slot: slot is None, "the release")
        real.reserve()
        running.until_told("look", 2)
        real.until(lambda slot: slot["protected_until"] is None, "the pause")
        self.assertEqual(real.retire()[0], 200)


if __name__ == "__main__":
    version = NODE and subprocess.run([NODE, "--version"], stdout=subprocess.PIPE, text=True).stdout
    if not version or int(version[1:].split(".")[0]) < 18:
        print("skipped: there is no Node 18 or later here (%s)" % (version or "none").strip())
        sys.exit(77)
    unittest.main(warnings="ignore")
