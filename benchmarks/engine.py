"""The native engine beside transformers and llama.cpp: same weights, same prompts, one thread each.

Contestants take turns, round by round, in one process. Time is processor time, so that a busy
machine does not count against whoever runs at that moment; the engine's own thread, its scheduler
and its text are in it. Ours goes through the whole engine, transformers through `generate` (eager
experts: the fastest of its paths here), llama.cpp through `llama_decode` with its batch of
sequences and a float32 cache. The bandwidth that decoding is compared with is the best rate of
reading as many bytes as the weights with the engine's own product, between the rounds.

Without a trained checkpoint (`--folder`) the weights are random: speeds do not depend on them, but
for prompt lookup, where the text of a real edit is forced on the network token by token, so that
drafts are accepted as often as that text repeats itself.

`python -m benchmarks.engine [--folder CHECKPOINT] [--rounds 5] [--tokens 64]`
"""

import argparse
import ctypes
import gc
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from nlogn.corpus.tokenizer import save_tokenizer, train_tokenizer
from nlogn.engine.native import NativeEngine, Options, Request
from nlogn.engine.native.blocks import BLOCK, blocks_for
from nlogn.engine.native.kernel_runner import Pages
from nlogn.engine.native.kernels import NoKernels, kernels
from nlogn.engine.native.weights import fuse
from nlogn.engine.protocol import RawPrompt
from nlogn.model.checkpoint import load, read_config, save
from nlogn.model.config import preset
from nlogn.model.transformer import Transformer

Contestant = Callable[[list[list[int]], int], float]  # prompts, new tokens -> seconds
SOURCES = Path(os.__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=64)
    parser.add_argument("--preset", default="nano")
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or made_up(options.preset, Path(scratch))
        run(folder, options.rounds, options.tokens, Path(scratch))


def made_up(name: str, folder: Path) -> Path:
    """A checkpoint with random weights and a tokenizer of the standard library's text."""
    config = preset(name)
    save(Transformer(config, seed=0), folder / name)
    texts = [path.read_text() for path in sorted(SOURCES.glob("*.py"))[:60]]
    tokenizer = train_tokenizer(texts, config.vocab_size)
    save_tokenizer(tokenizer, folder / name, config.context)
    return folder / name


def run(folder: Path, rounds: int, new: int, scratch: Path) -> None:
    engine = NativeEngine(folder, Options(slots=64, threads=1))
    small = (
        NativeEngine(folder, Options(slots=64, threads=1, int8=True))
        if "kernels" in engine.runner
        else None
    )
    config = read_config(folder)
    text = "".join((SOURCES / n).read_text() for n in ("argparse.py", "ast.py", "dataclasses.py"))
    ids = list(engine.encode(RawPrompt((text,))))
    prompts = [ids[i * 150 : i * 150 + 100] for i in range(64)]
    contestants: dict[str, Contestant] = {"nlogn": native(engine)}
    contestants["transformers"] = transformers_generate(folder)
    llama = None
    for precision in ("f32", "q8_0"):
        made = llama_cpp(folder, scratch, precision)
        if made is not None:
            contestants[f"llama.cpp {precision}"] = made
            llama = llama or made
    if small is not None:
        contestants["nlogn int8"] = native(small)
    for contestant in contestants.values():
        contestant(prompts[:2], 4)

    weights = fuse(load(folder))
    bandwidth: list[float] = []
    print("| decode, tokens per second | streams | median | range | of reading the weights |")
    print("|---|---|---|---|---|")
    for streams in (1, 16, 64):
        rates: dict[str, list[float]] = {name: [] for name in contestants}
        for _ in range(rounds):
            bandwidth.append(reading(weights.bytes))
            for name, contestant in contestants.items():
                # the time of the prompts alone is taken off
                before = contestant(prompts[:streams], 1)
                after = contestant(prompts[:streams], new + 1)
                rates[name].append(streams * new / (after - before))
        limit = max(bandwidth) / weights.bytes
        for name, found in rates.items():
            share = f"{statistics.median(found) / limit:.0%}" if streams == 1 else ""
            share = "" if "int8" in name or "q8" in name else share
            print(f"| {name} | {streams} | {spread(found)} | {share} |")
    rate = max(bandwidth)
    print(f"\nReading {weights.bytes / 1e6:.0f} MB of weights per token at {rate / 1e9:.1f} GB/s"
          f" would allow {rate / weights.bytes:.0f} tokens per second.\n")  # fmt: skip
    prefill(engine, contestants, ids, rounds)
    memory(config, engine)
    lookup(engine, rounds)
    engine.close()


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):,.0f} | {min(values):,.0f} to {max(values):,.0f}"


def reading(size: int) -> float:
    """Bytes per second of one product with a matrix of that many bytes, the best of eight."""
    rows = size // 1024 // 16 * 16
    x, out = np.ones(256, np.float32), np.zeros(rows, np.float32)
    try:
        product = kernels().product
        pages = Pages()
        address = pages.take(rows * 1024)
        ctypes.memset(address, 1, rows * 1024)
    except NoKernels:
        matrix, vector = torch.ones(rows, 256), torch.from_numpy(x)
        product, address = (lambda *_: torch.mv(matrix, vector)), 0
    best = float("inf")
    for _ in range(8):
        began = time.process_time()
        product(address, rows, 256, x.ctypes.data, out.ctypes.data)
        best = min(best, time.process_time() - began)
    return rows * 1024 / best


_asked = iter(range(10**9))


def native(engine: NativeEngine) -> Contestant:
    def generate(prompts: list[list[int]], new: int) -> float:
        tenant = str(next(_asked))  # nothing is known from before
        began = time.process_time()
        streams = [
            engine.submit(Request(tuple(p), new, ignore_end=True, lookup=False, tenant=tenant))
            for p in prompts
        ]
        for stream in streams:
            for _ in stream:
                pass
        return time.process_time() - began

    return generate


def transformers_generate(folder: Path) -> Contestant:
    import transformers

    transformers.logging.set_verbosity_error()
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    if hasattr(model, "set_experts_implementation"):
        model.set_experts_implementation("eager")

    def generate(prompts: list[list[int]], new: int) -> float:
        tokens = torch.tensor(prompts)
        mask = torch.ones_like(tokens)
        began = time.process_time()
        with torch.inference_mode():
            model.generate(tokens, attention_mask=mask, max_new_tokens=new, min_new_tokens=new,
                           do_sample=False)  # fmt: skip
        return time.process_time() - began

    return generate


def llama_cpp(folder: Path, scratch: Path, precision: Any) -> Contestant | None:
    """llama.cpp with up to 64 sequences, or None where it is not installed."""
    try:
        import llama_cpp as lib
    except (ImportError, OSError, RuntimeError):
        return None
    from nlogn.model.gguf_export import export_gguf

    if backends := os.environ.get("LLAMA_CPP_LIB_PATH"):  # a build whose backends are files
        ggml = ctypes.CDLL(str(next(Path(backends).glob("libggml.so*"))))
        ggml.ggml_backend_load_all_from_path.argtypes = [ctypes.c_char_p]
        ggml.ggml_backend_load_all_from_path(backends.encode())
    path = export_gguf(folder, scratch / f"{precision}.gguf", precision)
    quiet = lib.llama_log_callback(lambda *_: None)
    lib.llama_log_set(quiet, None)
    lib.llama_backend_init()
    model = lib.llama_model_load_from_file(str(path).encode(), lib.llama_model_default_params())
    settings = lib.llama_context_default_params()
    settings.n_ctx, settings.n_batch, settings.n_ubatch, settings.n_seq_max = (
        64 * 1024,
        8192,
        512,
        64,
    )
    settings.n_threads = settings.n_threads_batch = 1
    settings.type_k = settings.type_v = 0
    context = lib.llama_init_from_model(model, settings)
    if not context:
        return None
    vocabulary = lib.llama_vocab_n_tokens(lib.llama_model_get_vocab(model))
    batch = lib.llama_batch_init(8192, 0, 64)

    def decode(rows: list[tuple[int, int, int, bool]]) -> None:
        """(token, position, sequence, whether its logits are wanted)"""
        batch.n_tokens = len(rows)
        for i, (token, at, sequence, wanted) in enumerate(rows):
            batch.token[i], batch.pos[i], batch.n_seq_id[i] = token, at, 1
            batch.seq_id[i][0], batch.logits[i] = sequence, wanted
        if lib.llama_decode(context, batch):
            raise RuntimeError("llama_decode failed")

    def generate(prompts: list[list[int]], new: int) -> float:
        lib.llama_memory_clear(lib.llama_get_memory(context), True)
        began = time.process_time()
        rows = [(t, i, s, i + 1 == len(p)) for s, p in enumerate(prompts) for i, t in enumerate(p)]
        places = [i for i, row in enumerate(rows) if row[3]]
        decode(rows)
        for step in range(new):
            chosen = []
            for place in places:
                logits = np.ctypeslib.as_array(
                    lib.llama_get_logits_ith(context, place), (vocabulary,)
                )
                chosen.append(int(logits.argmax()))
            if step + 1 == new:
                break
            decode([(t, len(prompts[s]) + step, s, True) for s, t in enumerate(chosen)])
            places = list(range(len(prompts)))
        return time.process_time() - began

    generate.kept = (quiet, model, context, batch)  # type: ignore[attr-defined]
    return generate


def prefill(
    engine: NativeEngine, contestants: dict[str, Contestant], ids: list[int], rounds: int
) -> None:
    """The first token of a prompt of 1,000, again, and with its last 30 tokens changed."""
    length = min(1000, engine.loop.context - 8)
    times: dict[str, list[float]] = {}
    for round_ in range(rounds):
        prompt = ids[round_ * 7 : round_ * 7 + length]
        for name, contestant in contestants.items():
            times.setdefault(f"{name}, first time", []).append(contestant([prompt], 1))
        for name, asked in (("again", prompt), ("again, 30 tokens changed",
                                               prompt[:-30] + ids[5000:5030])):  # fmt: skip
            if name == "again":
                list(engine.submit(Request(tuple(prompt), 1, ignore_end=True)))
            gc.collect()
            began = time.process_time()
            list(engine.submit(Request(tuple(asked), 1, ignore_end=True)))
            times.setdefault(f"nlogn, {name}", []).append(time.process_time() - began)
    print(f"| first token after {length} tokens | milliseconds | range |")
    print("|---|---|---|")
    for name, found in times.items():
        low, high = 1000 * min(found), 1000 * max(found)
        print(f"| {name} | {1000 * statistics.median(found):.1f} | {low:.1f} to {high:.1f} |")
    print()


def memory(config: Any, engine: NativeEngine) -> None:
    """Blocks that one sequence of 8K tokens holds, against full attention in all layers."""
    sliding = config.kinds.count("sliding")
    whole = -(-8192 // BLOCK)
    decoding = blocks_for(8192, config.window, 1) if sliding else 0
    held = (config.layers - sliding) * whole + sliding * decoding
    print(
        f"Keys and values at 8K tokens: {held / (config.layers * whole):.0%} of full attention.\n"
    )


def lookup(engine: NativeEngine, rounds: int) -> None:
    """Edits of real files, with and without drafts."""
    print("| edit of | tokens | speed-up by prompt lookup | range | drafts accepted |")
    print("|---|---|---|---|---|")
    for name, changes in EDITS.items():
        before = (SOURCES / name).read_text()[:1400]
        after = before
        for old, new in changes.items():
            assert old in after, (name, old)
            after = after.replace(old, new)
        prompt = engine.encode(RawPrompt((before, "\n# changed:\n")))
        answer = engine.encode(RawPrompt((after,)))[: engine.loop.context - len(prompt) - 1]
        ratios, accepted, drafted = [], 0, 0
        for _ in range(rounds):
            took = {}
            for drafts in (False, True):
                request = Request(prompt, len(answer), ignore_end=True, lookup=drafts,
                                  tenant=str(next(_asked)), steer=(forced(answer),))  # fmt: skip
                stream = engine.submit(request)
                stream.next()
                began = time.process_time()
                made = [token.token for chunk in stream for token in chunk.tokens]
                took[drafts] = time.process_time() - began
                assert made == list(answer)[-len(made) :]
                if drafts and stream.finished is not None:
                    accepted += stream.finished.accepted
                    drafted += stream.finished.drafted
            ratios.append(took[False] / took[True])
        kept = accepted / max(drafted, 1)
        print(f"| {name} | {len(answer)} | {statistics.median(ratios):.2f} |"
              f" {min(ratios):.2f} to {max(ratios):.2f} | {kept:.0%} |")  # fmt: skip


EDITS: dict[str, dict[str, str]] = {
    "bisect.py": {"lo": "first", "mid": "middle"},
    "heapq.py": {"heap": "queue"},
    "textwrap.py": {"text": "paragraph", "width": "columns"},
    "shlex.py": {"posix": "is_posix"},
}


def forced(answer: Sequence[int]) -> Callable[[list[int], int, Any], None]:
    def steer(seen: list[int], prompt: int, logits: Any) -> None:
        logits[answer[len(seen) - prompt]] = 1e9

    return steer


if __name__ == "__main__":
    main()
