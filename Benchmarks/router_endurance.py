"""What the router takes for very large bodies and for very many connections that do nothing."""

import contextlib
import os
import pathlib
import re
import socket
import subprocess
import threading
import time

GIB = 1 << 30
BODY = 10 * GIB
CONNECTIONS = 10_000


def measure(router: str, folder: pathlib.Path) -> list[str]:
    """Lines for the document."""
    port, upstream = 18091, _Endless()
    (folder / "empty").mkdir()
    process = subprocess.Popen(
        [router, str(port), str(upstream.port), str(folder / "empty")], stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        _transfer(port, 64 << 20, upload=False)
        down = _growth(process.pid, lambda: _transfer(port, BODY, upload=False))
        up = _growth(process.pid, lambda: _transfer(port, BODY, upload=True))
        each = _idle(port, process.pid)
    finally:
        process.terminate()
        process.wait()
        upstream.close()
    return [
        "",
        f"A body of {BODY // GIB} GiB through the router takes {down:.1f} MiB of memory more on its way to the client, "
        f"{up:.1f} MiB on its way to the app. With {CONNECTIONS:,} idle connections open, {each} of {each} requests on "
        "further ones were answered, and afterwards one on each of the idle ones.",
    ]


def _transfer(port: int, size: int, upload: bool) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        line = "POST /take" if upload else f"GET /{size}"
        length = f"Content-Length: {size}\r\n" if upload else ""
        connection.sendall(f"{line} HTTP/1.1\r\nHost: app.localhost\r\n{length}\r\n".encode())
        if upload:
            _pour(connection, size)
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head)
        announced = int(re.search(rb"(?i)content-length: (\d+)", head).group(1))
        got = len(head.partition(b"\r\n\r\n")[2]) + _drain(connection, announced - len(head.partition(b"\r\n\r\n")[2]))
        if got != announced:
            raise RuntimeError(f"{got} bytes of {announced}")


def _pour(connection: socket.socket, size: int) -> None:
    block = bytes(1 << 20)
    for _ in range(size >> 20):
        connection.sendall(block)


def _drain(connection: socket.socket, size: int) -> int:
    block, got = bytearray(1 << 20), 0
    while got < size:
        count = connection.recv_into(block, min(size - got, len(block)))
        if count == 0:
            break
        got += count
    return got


def _growth(pid: int, work) -> float:
    """MiB that the process had at its peak above what it had before."""
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")
    before = _status(pid, "VmRSS")
    work()
    return (_status(pid, "VmHWM") - before) / 1024


def _status(pid: int, field: str) -> int:
    return int(re.search(rf"{field}:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text()).group(1))


def _idle(port: int, pid: int) -> int:
    """Requests that were answered while so many connections are open. Throws when one is not."""
    kept = []
    with contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            kept.append(stack.enter_context(socket.create_connection(("127.0.0.1", port))))
            _ask(kept[-1])
        if len(os.listdir(f"/proc/{pid}/fd")) < CONNECTIONS:
            raise RuntimeError("the router has closed some")
        for _ in range(100):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                _ask(connection)
        for connection in kept:
            _ask(connection)
    return 100


def _ask(connection: socket.socket) -> None:
    connection.sendall(b"GET /2 HTTP/1.1\r\nHost: app.localhost\r\n\r\n")
    data = b""
    while not data.endswith(b"\r\n\r\n\0\0"):
        part = connection.recv(65536)
        if not part:
            raise RuntimeError(f"closed after {data!r}")
        data += part


def _wait_for(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on {port}")


class _Endless:
    """An app that answers `GET /<count>` with so many zeros, and reads whatever is posted."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket):
        with contextlib.suppress(OSError), connection:
            rest = b""
            while True:
                while b"\r\n\r\n" not in rest:
                    part = connection.recv(65536)
                    if not part:
                        return
                    rest += part
                head, _, rest = rest.partition(b"\r\n\r\n")
                posted = re.search(rb"(?i)content-length: (\d+)", head)
                if head.startswith(b"POST"):
                    size = int(posted.group(1))
                    _drain(connection, size - len(rest))
                    rest = b""
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    continue
                size = int(head.split()[1][1:])
                start = f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\n\r\n".encode()
                if size < 1 << 20:
                    # At once: the second of two small writes would wait for the first one's acknowledgement.
                    connection.sendall(start + bytes(size))
                else:
                    connection.sendall(start)
                    _pour(connection, size)
