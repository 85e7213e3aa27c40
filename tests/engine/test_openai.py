"""`OpenAIEngine` against a real HTTP server on the loopback that misbehaves in every way."""

import json
import signal
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from tests.assistant.raw_server import serving

from nlogn.engine import (
    Cancel,
    Cancelled,
    EngineError,
    OpenAIEngine,
    Prompt,
    RawPrompt,
    Sampling,
)
from nlogn.problems import Parameter, Problem, Signature

PROBLEM = Problem(
    name="double",
    statement="Return twice the number.",
    signature=Signature("double", (Parameter("x", "int"),), "int"),
)
ANSWER = "Sure:\n\n```python\ndef double(x):\n    return 2 * x\n```\nThat is all."
CODE = "def double(x):\n    return 2 * x\n"


def event(content=None, finish=None, **more):
    choice = {"index": 0, "delta": {"content": content} if content else {}, "finish_reason": finish}
    data = {"id": "1", "object": "chat.completion.chunk", "model": "tiny", "choices": [choice]}
    return b"data: " + json.dumps(data | more).encode() + b"\n\n"


class Handler(BaseHTTPRequestHandler):
    """The first part of the path says how to misbehave."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    @property
    def mode(self):
        return self.path.split("/")[1]

    def start(self, status=200, kind="text/event-stream", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def send(self, data):
        self.wfile.write(data)
        self.wfile.flush()

    def send_answer(self):
        self.start()
        for i in range(0, len(ANSWER), 7):
            self.send(event(ANSWER[i : i + 7]))
        self.send(
            event(finish="stop") + event(usage={"completion_tokens": 9}) + b"data: [DONE]\n\n"
        )

    def fail(self, status, message="no", **headers):
        self.start(status, "application/json", **headers)
        self.send(json.dumps({"error": {"message": message}}).encode())

    def do_GET(self):
        self.start(kind="application/json")
        self.send(json.dumps({"object": "list", "data": [{"id": "listed"}]}).encode())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        server = self.server
        with server.lock:
            server.seen[self.mode] += 1
            server.bodies.append(body)
            server.headers_seen.append(self.headers)
            count = server.seen[self.mode]
        try:
            self.misbehave(self.mode, body, count)
        except OSError:  # the client went away, as it should
            self.close_connection = True

    def misbehave(self, mode, body, count):
        ended = self.server.ended
        match mode:
            case "good":
                self.send_answer()
            case "whole":
                self.start(kind="application/json")
                message = {"role": "assistant", "content": ANSWER}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                self.send(json.dumps({"model": "tiny", "choices": [choice]}).encode())
            case "flaky":
                self.fail(503, "warming up") if count < 3 else self.send_answer()
            case "limited":
                if count == 1:
                    self.fail(429, "slow down", Retry_After="0.2")
                else:
                    self.send_answer()
            case "spent":
                self.fail(429, "quota is spent", Retry_After="3600")
            case "final":
                self.fail(429, "never again", x_should_retry="false")
            case "denied":
                self.fail(401, "bad key")
            case "broken":
                self.fail(500, "oops")
            case "noseed":
                if "seed" in body:
                    self.fail(400, "unknown parameter: seed")
                else:
                    self.send_answer()
            case "renamed":
                if "max_tokens" in body:
                    self.fail(400, "use max_completion_tokens instead of max_tokens")
                else:
                    self.send_answer()
            case "html":
                self.start(kind="text/html")
                self.send(b"<!DOCTYPE html><html><body>Welcome</body></html>")
            case "garbage":
                self.start()
                self.send(b"data: {not json\n\n")
            case "array":
                self.start()
                self.send(b"data: [1, 2]\n\ndata: [DONE]\n\n")
            case "wrongtypes":
                self.start()
                self.send(b'data: {"choices": [{"delta": "text", "finish_reason": 3}]}\n\n')
            case "nochoices":
                self.start(kind="application/json")
                self.send(b'{"id": "1", "choices": []}')
            case "empty":
                self.start()
                self.send(event(finish="length") + b"data: [DONE]\n\n")
            case "errorevent":
                self.start()
                self.send(event("def "))
                self.send(b'data: {"error": {"message": "out of memory"}}\n\n')
            case "torn":
                self.start()
                self.send(event("def double(x):\n"))
            case "tornonce":
                if count == 1:
                    self.start()
                    self.send(event("def double(x):\n"))
                else:
                    self.send_answer()
            case "hang":
                ended.wait(20)
            case "hangmidway":
                self.start()
                self.send(event("def "))
                ended.wait(20)
            case "drip":
                self.start()
                while not ended.wait(0.02):
                    self.send(b":")
            case "flood":
                self.start()
                while not ended.is_set():
                    self.send(event("spam " * 200))
            case "longline":
                self.start()
                self.send(b"data: ")
                while not ended.is_set():
                    self.send(b"x" * 65536)
            case "errorflood":
                self.start(500, "application/json")
                while not ended.wait(0.02):
                    self.send(b" ")


@pytest.fixture(scope="module")
def server():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.lock, server.ended = threading.Lock(), threading.Event()
    server.seen, server.bodies, server.headers_seen = Counter(), [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def ask(server, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("NLOGN_API_KEY", raising=False)

    def ask(mode, *, n=1, timeout_s=8.0, model="tiny", retries=3, cancel=None, max_tokens=200):
        url = f"http://127.0.0.1:{server.server_address[1]}/{mode}/v1"
        engine = OpenAIEngine(url, model, retries=retries)
        sampling = Sampling(n=n, timeout_s=timeout_s, max_tokens=max_tokens)
        return engine.generate([Prompt(PROBLEM)], sampling, cancel=cancel)[0]

    return ask


def test_an_answer_is_streamed_and_its_code_taken_out(ask):
    (completion,) = ask("good")
    assert completion.text == ANSWER
    assert completion.code == CODE
    assert (completion.model, completion.finish_reason, completion.tokens) == ("tiny", "stop", 9)


def test_samples_have_different_seeds_and_one_prompt(ask, server):
    before = len(server.bodies)
    assert len(ask("good", n=5)) == 5
    bodies = server.bodies[before:]
    assert len({b["seed"] for b in bodies}) == 5
    assert len({json.dumps(b["messages"]) for b in bodies}) == 1
    assert "def double(x: int) -> int:" in bodies[0]["messages"][1]["content"]


def test_the_key_comes_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("NLOGN_API_KEY", "sesame")
    url = f"http://127.0.0.1:{server.server_address[1]}/good/v1"
    OpenAIEngine(url, "tiny").generate([Prompt(PROBLEM)], Sampling())
    assert server.headers_seen[-1]["Authorization"] == "Bearer sesame"


def test_the_model_is_asked_for_where_none_is_named(ask, server):
    ask("good", model=None)
    assert server.bodies[-1]["model"] == "listed"


@pytest.mark.parametrize("mode", ["whole", "flaky", "limited", "noseed", "renamed", "tornonce"])
def test_it_copes_with(ask, mode):
    (completion,) = ask(mode)
    assert completion.code == CODE


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("denied", "key is refused"),
        ("spent", "no time is left"),
        ("final", "too many requests"),
        ("broken", "says 500"),
        ("html", "web page"),
        ("garbage", "no JSON"),
        ("array", "no completion"),
        ("wrongtypes", "no completion"),
        ("nochoices", "without any choices"),
        ("empty", "no text"),
        ("errorevent", "out of memory"),
        ("torn", "broke off"),
        ("flood", "does not stop"),
        ("longline", "does not end"),
    ],
)
def test_what_goes_wrong_is_said_in_words(ask, mode, said):
    with pytest.raises(EngineError, match=said) as caught:
        ask(mode, retries=1)
    assert not isinstance(caught.value, Cancelled)


@pytest.mark.parametrize("mode", ["hang", "hangmidway", "drip", "errorflood"])
def test_an_endpoint_that_hangs_is_left_at_the_deadline(ask, mode):
    started = time.monotonic()
    with pytest.raises(EngineError, match="in time"):
        ask(mode, n=3, timeout_s=0.7)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("mode", ["hang", "drip", "spent"])
def test_cancelling_ends_every_request_soon(ask, mode):
    cancel = Cancel()
    threading.Timer(0.3, cancel.cancel).start()
    started = time.monotonic()
    with pytest.raises(EngineError):
        ask(mode, n=6, timeout_s=30, cancel=cancel)
    assert time.monotonic() - started < 3


def test_nothing_listens():
    with pytest.raises(EngineError, match=r"cannot reach .*running"):
        OpenAIEngine("http://127.0.0.1:9/v1", "tiny", retries=0).generate(
            [Prompt(PROBLEM)], Sampling(timeout_s=5)
        )


def test_an_address_must_be_http():
    with pytest.raises(EngineError, match="http://HOST"):
        OpenAIEngine("localhost:8000", "tiny")


def test_streaming_passes_text_on_as_it_comes_and_reports_a_break(server):
    base = f"http://127.0.0.1:{server.server_address[1]}"
    stream = OpenAIEngine(f"{base}/good/v1", "tiny").stream(Prompt(PROBLEM), Sampling())
    pieces = list(stream)
    assert "".join(pieces) == ANSWER and len(pieces) > 5
    stream = OpenAIEngine(f"{base}/torn/v1", "tiny").stream(Prompt(PROBLEM), Sampling())
    assert next(stream) == "def double(x):\n"
    with pytest.raises(EngineError, match="broke off"):
        next(stream)


def test_a_stream_can_be_cancelled_midway(server):
    cancel = Cancel()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    engine = OpenAIEngine(f"{base}/hangmidway/v1", "tiny")
    stream = engine.stream(Prompt(PROBLEM), Sampling(timeout_s=30), cancel=cancel)
    assert next(stream) == "def "
    cancel.cancel()
    with pytest.raises(Cancelled):
        next(stream)


@pytest.mark.parametrize("mode", ["hang", "hangmidway", "drip", "errorflood"])
def test_no_reading_thread_is_left_behind(ask, mode):
    cancel = Cancel()
    threading.Timer(0.3, cancel.cancel).start()
    with pytest.raises(EngineError):
        ask(mode, timeout_s=60, cancel=cancel)
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        if not [t for t in threading.enumerate() if t.name == "nlogn-openai-read"]:
            return
        time.sleep(0.05)
    pytest.fail("a reading thread outlives its request")


@pytest.mark.parametrize("stream", [True, False])
def test_stop_texts_that_the_endpoint_does_not_heed_end_the_text(stream):
    def write(body):
        assert len(body["stop"]) <= 4
        yield from ("one t", "wo th", "ree four")

    sampling = Sampling(stop=("a", "b", "c", "d", "three"))
    with serving("m", write) as server:
        engine = OpenAIEngine(server.url)
        if stream:
            assert "".join(engine.stream_text(RawPrompt(("x",)), sampling)) == "one two "
        else:
            made = engine.complete(RawPrompt(("x",)), sampling)
            assert (made.text, made.finish_reason) == ("one two ", "stop")


def test_half_a_character_is_no_text_that_breaks_others():
    with serving("m", lambda body: iter(["a\ud83d", "b"])) as server:
        made = OpenAIEngine(server.url).complete(RawPrompt(("x",)), Sampling())
    assert made.text == "a?b"


def test_an_interrupt_ends_the_requests_under_way():
    def hang(body):
        time.sleep(10)
        yield "late"

    main = threading.main_thread().ident
    # a shell has its background jobs ignore it
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with serving("m", hang) as server:
            engine = OpenAIEngine(server.url, concurrency=2)
            started = time.monotonic()
            threading.Timer(0.5, signal.pthread_kill, (main, signal.SIGINT)).start()
            with pytest.raises(KeyboardInterrupt):
                engine.generate([Prompt(PROBLEM)], Sampling(n=4, timeout_s=8))
            assert time.monotonic() - started < 4
    finally:
        signal.signal(signal.SIGINT, inherited)
