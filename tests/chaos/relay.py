#!/usr/bin/env python3
"""Stands before a worker's public port, for what a client is to be without: relay.py PORT WORKER_PORT RULE

count        /session/retire and /session/status are 404, as a worker of another kind answers: nobody knows of jobs
unreachable  a worker that does not listen is answered for with 400, as if its session were over
"""

import asyncio, json, re, sys

port, worker, rule = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]


async def request_of(reader):
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return head, await reader.readexactly(int(length[1])) if length else b""


def reply(status, body):
    text = json.dumps(body).encode()
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text)


async def answer(head, body):
    if rule == "count" and re.match(rb"POST /session/(retire|status) ", head):
        return reply(b"404 Not Found", {"error": "no such route"})
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", worker)
    except OSError:
        return reply(b"400 Bad Request", {"error": "no such session"}) if rule == "unreachable" else None
    writer.write(head + body)
    try:
        return b"".join(await request_of(reader))
    finally:
        writer.close()


async def serve(reader, writer):
    try:
        while (answered := await answer(*await request_of(reader))) is not None:
            writer.write(answered)
            await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", port) as server:
        await server.serve_forever()


asyncio.run(main())
