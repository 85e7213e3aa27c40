"""A server with /v1/models and /v1/completions that writes what a test tells it to."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Writer = Callable[[dict[str, Any]], Iterator[str]]


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, model: str, write: Writer):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.model, self.write = model, write
        self.bodies: list[dict[str, Any]] = []
        self.sent = 0  # pieces
        self.left = threading.Event()  # a client went away in the middle

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()

    def do_GET(self) -> None:
        self.answer("application/json")
        self.wfile.write(json.dumps({"data": [{"id": self.server.model}]}).encode())

    def do_POST(self) -> None:
        try:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        except (OSError, ValueError):  # the client went away before it had said what it wants
            return
        self.server.bodies.append(body)
        chat = self.path.endswith("/chat/completions")
        self.answer("text/event-stream")
        try:
            for piece in self.server.write(body):
                choice = {"delta": {"content": piece}} if chat else {"text": piece}
                self.send({"choices": [choice | {"index": 0, "finish_reason": None}]})
                self.server.sent += 1
            end = {"delta": {}} if chat else {"text": ""}
            self.send({"choices": [end | {"index": 0, "finish_reason": "stop"}]})
            self.wfile.write(b"data: [DONE]\n\n")
        except OSError:
            self.server.left.set()

    def send(self, event: dict[str, Any]) -> None:
        self.wfile.write(b"data: " + json.dumps(event).encode() + b"\n\n")
        self.wfile.flush()


@contextmanager
def serving(model: str, write: Writer) -> Iterator[Server]:
    server = Server(model, write)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
