"""Many TLS clients at once: async_clients PORT CA STAY LEAVE. So many get a page, and so many hang
up as soon as they have sent their first message, when the server is about to sign."""
import asyncio
import socket
import ssl
import sys

PORT, CA, STAY, LEAVE = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
AT_ONCE = asyncio.Semaphore(64)


def hello():
    """The first message of a handshake."""
    outgoing = ssl.MemoryBIO()
    context = ssl.create_default_context(cafile=CA)
    side = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="p256.test")
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


async def stay(context):
    async with AT_ONCE:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", PORT, ssl=context, server_hostname="p256.test", ssl_handshake_timeout=60)
        writer.write(b"GET / HTTP/1.1\r\nHost: p256.test\r\nConnection: close\r\n\r\n")
        page = await asyncio.wait_for(reader.read(), 60)
        writer.close()
        return page.startswith(b"HTTP/1.1 200")


async def leave(number):
    async with AT_ONCE:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(hello())
        await writer.drain()
        if number % 2:  # with a reset
            linger = (1).to_bytes(4, sys.byteorder) + (0).to_bytes(4, sys.byteorder)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.close()
        return True


async def main():
    context = ssl.create_default_context(cafile=CA)
    tasks = []
    for number in range(max(STAY, LEAVE)):
        if number < STAY:
            tasks.append(stay(context))
        if number < LEAVE:
            tasks.append(leave(number))
    results = await asyncio.gather(*tasks)
    return 0 if all(results) and len(results) == STAY + LEAVE else 1


sys.exit(asyncio.run(main()))
