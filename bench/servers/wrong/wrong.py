"""Answers every request with hello, without reading it. It is very fast, and INVALID. Its argument is the port."""

import asyncio
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n"


class Hello(asyncio.Protocol):
    """One connection. It does not wait for the end of a request."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(ANSWER)


async def main() -> None:
    server = await asyncio.get_running_loop().create_server(Hello, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()


asyncio.run(main())
