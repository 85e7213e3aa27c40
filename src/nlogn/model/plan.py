"""What a preset needs: memory per GPU, a layout, tokens per second, days and money.

Arithmetic only, without torch. Formulas and their sources stand beside them; rates that nobody can
compute from a config (utilisation, prices) are arguments with stated defaults.
"""

import math
from dataclasses import dataclass, replace

from nlogn.model.config import BadConfig, ModelConfig, count_parameters, size_label

GIB = 1024**3


@dataclass(frozen=True)
class Gpu:
    """A kind of accelerator: memory in GiB, dense bf16 peak in TFLOP/s, links in GB/s (one
    direction) inside a node and per GPU between nodes, list price per hour in dollars.

    Peaks and links are the vendor's data sheets; prices are on-demand list prices and change.
    """

    name: str
    memory: float
    tflops: float
    node_link: float
    cluster_link: float
    dollars: float
    per_node: int = 8


GPUS = {
    gpu.name: gpu
    for gpu in (
        Gpu("a100", 80, 312, 300, 25, 2.0),
        Gpu("h100", 80, 989, 450, 50, 3.0),
        Gpu("h200", 141, 989, 450, 50, 3.8),
        Gpu("b200", 180, 2250, 900, 50, 6.0),
    )
}


@dataclass(frozen=True)
class Memory:
    """Bytes per GPU while training."""

    weights: float
    gradients: float
    optimizer: float
    gathered: float
    activations: float
    logits: float

    @property
    def total(self) -> float:
        return (self.weights + self.gradients + self.optimizer + self.gathered
                + self.activations + self.logits)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """A layout that fits, and what it costs.

    `tensor` GPUs split each matrix, `shards` split the state of what is left (FSDP2), `replicas`
    of that whole train side by side (its 2-D mesh); `micro_batch` in sequences per shard.
    `tokens_per_second` is the whole cluster's.
    """

    parameters: int
    active: int
    gpu: str
    gpus: int
    tensor: int
    shards: int
    replicas: int
    micro_batch: int
    accumulate: int
    checkpointing: bool
    memory: Memory
    flops_per_token: float
    step_seconds: float
    communication_seconds: float
    tokens_per_step: int
    tokens_per_second: float
    days: float
    dollars: float


class DoesNotFit(ValueError):
    """No layout of this preset fits the cluster; the message says what would."""


def flops_per_token(config: ModelConfig, tokens: int, backward: bool = True) -> float:
    """Floating point operations per token of sequences of `tokens` tokens.

    2 per active matrix parameter, and 4 * heads * head_dim per visible key (scores and mix);
    a causal token sees tokens / 2 keys on average, a sliding one at most its window. The backward
    pass costs twice the forward (Kaplan et al., arXiv:2001.08361, section 2.1).
    """
    forward = 2.0 * count_parameters(config).active
    for kind in config.kinds:
        if kind == "linear":
            assert config.linear is not None
            shape = config.linear
            # chunked gated delta rule: about 4 products of the state's size, and one chunk's scores
            state = shape.value_heads * shape.key_dim * shape.value_dim
            forward += 2 * 4 * state + 4 * shape.value_heads * shape.key_dim * 64
            continue
        seen = tokens / 2
        if kind == "sliding" and tokens > config.window:
            seen = config.window - config.window**2 / (2 * tokens)
        if kind == "sparse":
            assert config.sparse is not None
            forward += 2 * config.sparse.heads * config.sparse.dim * seen
            seen = min(seen, config.sparse.keep)
        forward += 4 * config.heads * config.head_dim * seen
    return forward * (3 if backward else 1)


def activation_bytes(config: ModelConfig, tokens: int, checkpointing: bool) -> float:
    """Bytes of bf16 activations kept for the backward pass of `tokens` tokens.

    Fused attention keeps no score matrix, so a layer keeps its inputs, q, k, v, the attention
    output, and the feed-forward's three inner tensors for each expert a token visits (Korthikanti
    et al., arXiv:2205.05198, section 4, for these layer shapes). With checkpointing, a layer keeps
    its input alone and one layer is live at a time.
    """
    per_layer = []
    for layer in range(config.layers):
        width = config.dense_width
        if config.has_experts(layer):
            assert config.experts is not None
            width = config.experts.width * (config.experts.per_token + config.experts.shared)
        attention = config.head_dim * (2 * config.heads + 2 * config.kv_heads)
        # two residual inputs, two normalised inputs; gate, up and their product
        per_layer.append(2 * tokens * (4 * config.hidden_size + attention + 3 * width))
    if checkpointing:
        return 2.0 * tokens * config.hidden_size * config.layers + max(per_layer)
    return float(sum(per_layer))


def training_memory(config: ModelConfig, shards: int, tensor: int, micro_tokens: int,
                    checkpointing: bool, loss_chunk: int = 4096) -> Memory:  # fmt: skip
    """Per GPU, with matrices split by `tensor` and all state sharded over `shards` more (ZeRO
    stage 3, arXiv:1910.02054; FSDP2).

    float32 master weights (4 bytes), bf16 gradients reduced to float32 shards (4); Muon keeps one
    float32 moment per matrix element (4), AdamW two for the rest (8). Gathered: bf16 weights of
    two layers at a time, one computing and one prefetched. Logits are made for `loss_chunk`
    tokens at a time, in float32 with their gradient.
    """
    count = count_parameters(config)
    rest = count.total - count.matrix
    largest = max(_layer_parameters(config, i) for i in range(config.layers))
    largest = max(largest, config.vocab_size * config.hidden_size // 2)
    return Memory(
        weights=4 * count.total / shards / tensor,
        gradients=4 * count.total / shards / tensor,
        optimizer=(4 * count.matrix + 8 * rest) / shards / tensor,
        gathered=2 * 2 * largest / tensor,
        activations=activation_bytes(config, micro_tokens, checkpointing) / tensor,
        logits=8.0 * min(loss_chunk, micro_tokens) * config.vocab_size / tensor,
    )


def _layer_parameters(config: ModelConfig, layer: int) -> int:
    pattern = (config.kinds[layer],)
    experts = config.experts
    if experts is not None:
        experts = replace(experts, first_dense=0) if config.has_experts(layer) else None
    one = count_parameters(replace(config, layers=1, pattern=pattern, experts=experts, share=1))
    return one.total - one.embedding - config.hidden_size


def cache_bytes(config: ModelConfig, tokens: int, bytes_per: int = 2) -> int:
    """Bytes of keys and values of one sequence of `tokens` tokens while serving."""
    total = 0
    for kind in config.kinds:
        if kind == "linear":
            assert config.linear is not None
            shape = config.linear
            total += 4 * shape.value_heads * shape.key_dim * shape.value_dim
            continue
        kept = min(tokens, config.window) if kind == "sliding" else tokens
        total += 2 * config.kv_heads * config.head_dim * kept * bytes_per
        if kind == "sparse":
            assert config.sparse is not None
            total += config.sparse.dim * kept * bytes_per
    return total


def make_plan(
    config: ModelConfig,
    gpus: int,
    gpu: str = "h100",
    tokens: float = 2.3e12,
    batch_tokens: int = 4_194_304,
    utilisation: float = 0.4,
    headroom: float = 0.9,
) -> Plan:
    """The fastest layout that fits; of equals, the one that shards and splits least.

    `utilisation` is the share of bf16 peak that the compute itself reaches: 0.4 is what published
    runs of dense models of these sizes report (arXiv:2204.02311 defines MFU, its table 3 spans
    0.21-0.46); mixtures of experts land lower, so measure and pass your own. `headroom` is the
    share of memory to plan with; `tokens` how many to train on, `batch_tokens` per step.

    Raises:
        DoesNotFit: with what the nearest layout would need.
        BadConfig: no such GPU, or no GPUs.
    """
    if gpu not in GPUS:
        raise BadConfig(f"no GPU {gpu!r}: one of {', '.join(GPUS)}")
    if gpus < 1:
        raise BadConfig("gpus must be positive")
    device = GPUS[gpu]
    plans: list[Plan] = []
    need = math.inf
    for tensor in (1, 2, 4, 8):
        if tensor > min(device.per_node, gpus) or gpus % tensor or config.kv_heads % tensor:
            continue
        for shards in _divisors(gpus // tensor):
            for checkpointing in (False, True):
                for sequences in (1, 2, 4, 8, 16):
                    micro = sequences * config.context
                    if sequences > 1 and micro * gpus // tensor > batch_tokens:
                        break
                    memory = training_memory(config, shards, tensor, micro, checkpointing)
                    need = min(need, memory.total)
                    if memory.total > headroom * device.memory * GIB:
                        break
                    plans.append(
                        _cost(
                            config,
                            device,
                            gpus,
                            tensor,
                            shards,
                            sequences,
                            checkpointing,
                            memory,
                            tokens,
                            batch_tokens,
                            utilisation,
                        )
                    )
    if plans:
        return max(plans, key=lambda plan: round(plan.tokens_per_second))
    total = count_parameters(config).total
    state = 12 * total / (headroom * device.memory * GIB)
    raise DoesNotFit(
        f"{size_label(total)} parameters at {config.context} tokens need"
        f" {need / GIB:.0f} GiB per GPU on {gpus} x {gpu} ({device.memory:.0f} GiB each):"
        f" take at least {max(math.ceil(state), gpus + 1)} GPUs"
    )


def _divisors(n: int) -> list[int]:
    small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
    return sorted({*small, *(n // d for d in small)})


def _cost(
    config: ModelConfig, device: Gpu, gpus: int, tensor: int, shards: int, sequences: int,
    checkpointing: bool, memory: Memory, tokens: float, batch_tokens: int, utilisation: float,
) -> Plan:  # fmt: skip
    """Time of one optimiser step. Per micro-step, FSDP moves each bf16 weight three times (two
    gathers and a reduce-scatter, arXiv:2304.11277), hidden behind compute where that is longer;
    tensor parallelism waits for four all-reduces of the residual stream per layer
    (arXiv:1909.08053, section 3); replicas all-reduce float32 gradients once per step."""
    count = count_parameters(config)
    replicas = gpus // tensor // shards
    micro = sequences * config.context
    accumulate = max(1, round(batch_tokens / (micro * shards * replicas)))
    per_step = micro * shards * replicas * accumulate
    useful = flops_per_token(config, config.context)
    done = useful * (4 / 3 if checkpointing else 1)  # one more forward pass
    compute = micro * done / tensor / (device.tflops * 1e12 * utilisation)

    def link(ranks: int) -> float:
        return 1e9 * (device.node_link if ranks <= device.per_node else device.cluster_link)

    mine = count.total / tensor
    gather = 3 * 2 * mine * (shards - 1) / shards / link(shards * tensor)
    residual = 2 * micro * config.hidden_size * config.layers
    waiting = 4 * 2 * (tensor - 1) / tensor * residual / link(tensor)
    merge = 2 * 4 * mine / shards * (replicas - 1) / replicas / link(gpus)
    step = accumulate * (max(compute, gather) + waiting) + merge
    rate = per_step / step
    hours = tokens / rate / 3600
    return Plan(
        parameters=count.total, active=count.active, gpu=device.name, gpus=gpus, tensor=tensor,
        shards=shards, replicas=replicas, micro_batch=sequences, accumulate=accumulate,
        checkpointing=checkpointing, memory=memory, flops_per_token=useful, step_seconds=step,
        communication_seconds=accumulate * (gather + waiting) + merge, tokens_per_step=per_step,
        tokens_per_second=rate, days=hours / 24, dollars=hours * gpus * device.dollars,
    )  # fmt: skip
