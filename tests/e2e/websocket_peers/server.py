# SPDX-License-Identifier: BSL-1.0
"""An echo server with PyPI's `websockets`, for Cohort's client. Prints its port; exits at the end of its input."""
import asyncio
import sys

import websockets


async def echo(connection, *_):
    try:
        async for message in connection:
            await connection.send(message)
    except websockets.ConnectionClosedError:
        pass  # a code other than 1000 and 1001


async def main():
    async with websockets.serve(echo, "127.0.0.1", 0, subprotocols=["echo"], max_size=4 << 20) as server:
        print(next(iter(server.sockets)).getsockname()[1], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
