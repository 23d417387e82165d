"""Messages over a stream socket: eight bytes of length, then so many bytes. The other side may be hostile."""

import socket
import struct
import time

CHUNK = 1 << 20
TICKET = 16  # bytes that begin each request, and again its reply: stray bytes are no reply


class Closed(Exception):
    """The other side is gone."""


class Garbled(Exception):
    """What came is not a message."""


def send(channel: socket.socket, message: bytes, seconds: float | None = None) -> None:
    """Send one message.

    Raises:
        TimeoutError: the other side did not read it in time; Closed: it is gone.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    data = memoryview(struct.pack(">Q", len(message)) + message)
    try:
        while data:
            channel.settimeout(_left(deadline))
            data = data[channel.send(data[:CHUNK]) :]
    except (BrokenPipeError, ConnectionResetError) as error:
        raise Closed from error


def receive(channel: socket.socket, most: int, seconds: float | None = None) -> bytes:
    """Receive one message of at most ``most`` bytes.

    Raises:
        TimeoutError: nothing whole came in time; Closed: the other side is gone; Garbled: it is too long.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    (length,) = struct.unpack(">Q", _exactly(channel, 8, deadline))
    if length > most:
        raise Garbled(f"a message of {length} bytes was announced; {most} are allowed")
    return _exactly(channel, length, deadline)


def _exactly(channel, length, deadline):
    data = bytearray()
    while len(data) < length:
        channel.settimeout(_left(deadline))
        try:
            chunk = channel.recv(min(CHUNK, length - len(data)))
        except ConnectionResetError as error:
            raise Closed from error
        if not chunk:
            raise Closed
        data += chunk
    return bytes(data)


def _left(deadline):
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
