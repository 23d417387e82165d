"""A server on loopback that attacks may try to reach: TCP, UDP and an abstract Unix socket.

``python listener.py LOG [PORT]`` prints its port, then writes whatever reaches it to the log.
"""

import contextlib
import selectors
import socket
import sys
from pathlib import Path


def serve(log: str, port: int) -> None:
    """Listen until killed."""
    tcp = socket.create_server(("127.0.0.1", port))
    port = tcp.getsockname()[1]
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("127.0.0.1", port))
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0arena-{port}")
    abstract.listen()
    print(port, flush=True)
    ears = selectors.DefaultSelector()
    for ear in (tcp, udp, abstract):
        ears.register(ear, selectors.EVENT_READ)
    with Path(log).open("ab", buffering=0) as file:
        while True:
            for key, _ in ears.select():
                ear = key.fileobj
                if ear is udp:
                    file.write(b"udp " + ear.recv(65_536) + b"\n")
                    continue
                line, _ = ear.accept()
                line.settimeout(1)
                with line, contextlib.suppress(OSError):
                    file.write(b"connected " + line.recv(1 << 20) + b"\n")


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 0)
