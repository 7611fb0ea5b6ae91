#!/usr/bin/env python3
"""Reserve one machine with Vast's own Python SDK, work for a while, and give it back.

Needs Python 3.10 and `pip install vastai`. On Vast, with the account's key in VAST_API_KEY:
    examples/python_sdk.py --endpoint my-endpoint --work 60
On your own machine, while `nullworker fleet` runs in another terminal:
    examples/python_sdk.py --local

Exit codes: 0 reserved, worked, and given back; 1 failed, or the session was over before the work was;
2 wrong usage, no key, or no SDK; 3 no such endpoint; 4 no worker in time; 130 Ctrl-C, session ended.
"""
from __future__ import annotations

import argparse
import asyncio
import logging
import os
import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vastai.serverless import Serverless, Session


class Failure(Exception):
    """What is wrong, and the exit code for it."""


class Trouble(logging.Handler):
    """Tells, once, why a worker cannot be used. The SDK only logs it, and tries again at once until its time is up."""

    told: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if text.startswith("Worker ") and text not in self.told:
            self.told.add(text)
            print(f"trouble:  {text}", file=sys.stderr)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--endpoint", metavar="NAME", default="local", help="where to reserve (%(default)s)")
    parser.add_argument("--local", metavar="URL", nargs="?", const="http://localhost:8080",
                        help="instead of Vast use the `nullworker fleet` at URL (%(const)s); it takes any key")
    parser.add_argument("--work", metavar="SECONDS", type=float, default=5, help="how long to work (%(default)g)")
    parser.add_argument("--cost", metavar="LOAD", type=int, default=100,
                        help="load of the session; a worker's --max-perf, so that it fills one (%(default)s)")
    parser.add_argument("--lifetime", metavar="SECONDS", type=float, default=60,
                        help="if this program dies, the session ends one or two of these later (%(default)g)")
    parser.add_argument("--timeout", metavar="SECONDS", type=float, default=600,
                        help="longest wait for a worker; a machine takes minutes to start (%(default)g)")
    args = parser.parse_args()
    args.key = "any" if args.local else os.environ.get("VAST_API_KEY")
    if not args.key:
        parser.error("VAST_API_KEY is not set (see https://console.vast.ai/manage-keys/); or did you mean --local?")
    return args


def connect(args: argparse.Namespace) -> Serverless:
    try:
        from vastai.serverless import Serverless
    except ImportError as error:
        raise Failure(f"the SDK cannot be loaded: {error}; try: pip install vastai", 2) from error
    logging.getLogger("Serverless").addHandler(Trouble())
    if not args.local:
        return Serverless(args.key)
    # instance="local" alone would still ask Vast for the endpoints and for the root certificate.
    client = Serverless(args.key, instance="local", autoscaler_url=args.local, webserver_url=args.local)
    client.SSL_CERT_URL = args.local + "/static/jvastai_root.cer"
    return client


async def is_open(session: Session) -> bool:
    try:
        return bool(await session.is_open())
    except Exception as error:  # the SDK's is_open() never returns False
        if "session does not exist" not in str(error):
            raise
        session.open = False  # there is nothing left to close
        return False


async def work(session: Session, seconds: float) -> None:
    """Stands for what you do while the machine is yours."""
    end = time.monotonic() + seconds
    while await is_open(session):
        left = end - time.monotonic()
        if left <= 0:
            return
        await session.request("/ping", {})  # adds another lifetime
        await asyncio.sleep(min(left, session.lifetime))
    raise Failure("the session was over before the work: its consumer released it, or its lifetime was up", 1)


async def run(args: argparse.Namespace) -> None:
    async with connect(args) as client:
        endpoints = {endpoint.name: endpoint for endpoint in await client.get_endpoints()}
        if args.endpoint not in endpoints:
            raise Failure(f"there is no endpoint {args.endpoint}, but: {', '.join(endpoints) or 'none'}", 3)
        print("asking   ", args.endpoint, flush=True)
        try:
            session = await endpoints[args.endpoint].session(args.cost, args.lifetime, timeout=args.timeout)
        except asyncio.TimeoutError as error:
            raise Failure(f"no worker within {args.timeout:g} s: all are taken, or none starts", 4) from error
        try:
            async with session:  # ends it, however the block is left
                print("held     ", session.session_id, "on", session.url, flush=True)
                await work(session, args.work)
                print("worked   ", f"{args.work:g} s", flush=True)
        finally:
            if await is_open(session):
                raise Failure(f"session {session.session_id} is still open; it ends when its lifetime is up", 1)
            print("released ", session.session_id, flush=True)


def main() -> int:
    try:
        asyncio.run(run(parse()))
        return 0
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        print(f"error: {error.args[0] if isinstance(error, Failure) else error}", file=sys.stderr)
        return int(error.args[1]) if isinstance(error, Failure) else 1


if __name__ == "__main__":
    sys.exit(main())
