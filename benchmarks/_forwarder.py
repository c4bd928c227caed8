"""A forwarder that holds everything back for a while, as a long line does: python _forwarder.py MILLISECONDS PORT...

One for each PORT, to 127.0.0.1:PORT. It prints where it listens, in the same order. What comes is passed on after
so many milliseconds, in each direction; how much passes at once is not limited.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import suppress


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    with suppress(OSError):
        while piece := await source.read(1 << 16):
            loop.call_later(seconds, target.write, piece)
    loop.call_later(seconds, target.close)


async def _listen(port: int, seconds: float) -> asyncio.Server:
    async def connected(near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        for _ in range(600):  # as long as the party does not listen yet
            with suppress(OSError):
                far, on = await asyncio.open_connection("127.0.0.1", port)
                break
            await asyncio.sleep(0.1)
        else:
            back.close()
            return
        for writer in (back, on):
            writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(_pass(near, on, seconds), _pass(far, back, seconds))

    return await asyncio.start_server(connected, "127.0.0.1", 0)


async def main() -> None:
    milliseconds, *ports = map(float, sys.argv[1:])
    servers = [await _listen(int(port), milliseconds / 1000) for port in ports]
    print(*[server.sockets[0].getsockname()[1] for server in servers], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
