"""A TCP proxy before a server, which loses an answer: the server has done its work and the caller never hears."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Proxy:
    """Passes everything on to *target*, a host and a port, until told to :meth:`lose` an answer.

    An answer is a run of bytes from the server after bytes from the client.
    """

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._countdown, self._again = 0, False
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def lose(self, number: int, *, again: bool = False) -> None:
        """Cut the connection in place of the *number*-th answer from now, on whichever connection it comes; *again*:
        and in place of every answer after it, so that trying anew is of no use."""
        with self._lock:
            self._countdown, self._again, self.lost = number, again, 0

    def behave(self) -> None:
        with self._lock:
            self._countdown, self._again = 0, False

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self._sockets:
            _end(each)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                asked = threading.Event()
                for arguments in ((client, server, asked, False), (server, client, asked, True)):
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, asked: threading.Event, answers: bool) -> None:
        try:
            while data := source.recv(65536):
                if not answers:
                    asked.set()
                elif asked.is_set():
                    asked.clear()
                    if self._is_to_be_lost():
                        break
                sink.sendall(data)
        except OSError:
            pass
        finally:
            _end(source)
            _end(sink)

    def _is_to_be_lost(self) -> bool:
        with self._lock:
            self._countdown -= 1
            hit = self._countdown == 0 or (self._again and self._countdown < 0)
            self.lost += hit
            return hit


def _end(each: socket.socket) -> None:
    with suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
