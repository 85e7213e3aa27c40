"""Training throughput: this network beside the same network in transformers.

Same weights, same batch, same threads, same optimiser, step by step in turns in one process: a
step is forward, loss, backward, AdamW. The losses are compared first: equal work or no comparison.
The share of peak divides the counted operations per second (each matrix product and each visible
attention pair, three times for the backward pass) by the best rate of a large matrix product
measured between the steps on the same threads.

With one thread, time is processor time, so that a busy machine does not count; with more, it is
wall time.

`python -m benchmarks.train_throughput [--threads 1] [--rounds 8] [--preset nano]
    [--precision bfloat16]` (autocast for all contestants; the peak stays that of float32)
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from nlogn.model.config import (
    Experts,
    ModelConfig,
    Positions,
    count_parameters,
    preset,
    size_label,
)
from nlogn.model.families import to_hf
from nlogn.model.plan import flops_per_token
from nlogn.model.transformer import Transformer

SHAPE = ModelConfig(
    vocab_size=8192, hidden_size=384, layers=8, heads=6, kv_heads=2, head_dim=64, dense_width=1024,
    context=1024, pattern=("sliding", "sliding", "sliding", "full"), window=256,
    experts=Experts(width=256), positions=Positions(rotary_full=False),
)  # fmt: skip


def peak(clock: Callable[[], float]) -> float:
    """Best rate of a 1024-cubed float32 product, in operations per second."""
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    best = 0.0
    for _ in range(4):
        began = clock()
        torch.mm(a, b)
        best = max(best, 2 * 1024**3 / (clock() - began))
    return best


def contestants(
    config: ModelConfig, tokens: torch.Tensor, precision: torch.dtype
) -> dict[str, Callable[[], float]]:
    """name -> a function that does one training step and returns the loss."""
    import transformers

    ours = Transformer(config).train()
    described = {k: v for k, v in to_hf(config).items() if k != "nlogn"}
    steps: dict[str, Callable[[], float]] = {}

    def step(model: torch.nn.Module, loss_of: Callable[[], torch.Tensor]) -> Callable[[], float]:
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)

        def run() -> float:
            optimizer.zero_grad(set_to_none=True)
            with torch.autocast("cpu", precision, enabled=precision != torch.float32):
                loss = loss_of()
            loss.backward()
            optimizer.step()
            return loss.item()

        return run

    inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].contiguous()
    for kind in ("grouped_mm", "eager"):  # its third path copies weights for every token
        theirs = transformers.ExaoneMoeForCausalLM(transformers.ExaoneMoeConfig(**described))
        theirs.load_state_dict(ours.state_dict())
        theirs.set_experts_implementation(kind)
        theirs.train()
        steps[f"transformers, {kind}"] = step(
            theirs, lambda m=theirs: m(inputs, labels=inputs, shift_labels=targets,
                                       use_cache=False).loss)  # fmt: skip
    steps["nlogn"] = step(ours, lambda: ours(inputs, targets=targets).loss)
    return steps


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--rows", type=int, default=4)
    parser.add_argument("--length", type=int, default=1024)
    parser.add_argument("--preset")
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    clock = time.process_time if arguments.threads == 1 else time.perf_counter
    config = preset(arguments.preset) if arguments.preset else SHAPE
    rows, length = arguments.rows, arguments.length
    tokens = torch.randint(0, config.vocab_size, (rows, length + 1))
    precision = getattr(torch, arguments.precision)
    steps = contestants(config, tokens, precision)
    first = {name: step() for name, step in steps.items()}
    spread = max(first.values()) - min(first.values())
    allowed = 1e-3 if precision == torch.float32 else 2e-2
    assert spread < allowed, f"the losses differ: {first}"
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    best = 0.0
    for _ in range(arguments.rounds):
        best = max(best, peak(clock))
        for name, step in steps.items():
            began = clock()
            step()
            seconds[name].append(clock() - began)
    count = count_parameters(config)
    work = flops_per_token(config, length) * rows * length
    print("## Training throughput\n")
    print(f"{size_label(count.total)} parameters ({size_label(count.active)} active),"
          f" {rows} x {length} tokens per step, {arguments.threads} thread(s),"
          f" {arguments.precision}, best of"
          f" {arguments.rounds} rounds; largest difference of first losses {spread:.1e};"
          f" matrix-product peak {best / 1e9:.0f} GFLOP/s.\n")  # fmt: skip
    print("| | tokens/s (best) | tokens/s (median) | of peak (best) |\n|---|---|---|---|")
    for name, times in seconds.items():
        rate = rows * length / min(times)
        middle = rows * length / statistics.median(times)
        print(f"| {name} | {rate:,.0f} | {middle:,.0f} | {work / min(times) / best:.0%} |")
    peers = {name: times for name, times in seconds.items() if name != "nlogn"}
    fastest = min(peers, key=lambda name: min(peers[name]))
    ratio = [a / b for a, b in zip(peers[fastest], seconds["nlogn"], strict=True)]
    print(f"\nnlogn / {fastest}: {statistics.median(ratio):.2f}x"
          f" (by round {min(ratio):.2f} to {max(ratio):.2f})")  # fmt: skip


if __name__ == "__main__":
    main()
