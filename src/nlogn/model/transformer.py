"""The network: a decoder of pre-normalised layers, each an attention and a feed-forward kind.

Parameter names are those of transformers' `ExaoneMoeForCausalLM` (and of `LlamaForCausalLM` when
there are no experts), so a state dict moves between them as it is.
"""

import math
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from nlogn.model.attention import Attention
from nlogn.model.cache import Cache, LayerCache, LinearCache
from nlogn.model.config import ModelConfig
from nlogn.model.experts import FeedForward, Gate, MixtureOfExperts, Routing
from nlogn.model.kernels import linear_cross_entropy
from nlogn.model.linear_attention import LinearAttention
from nlogn.model.norm import RMSNorm
from nlogn.model.sparse import SparseAttention
from nlogn.model.step import Step


class Output(NamedTuple):
    """`logits` (B, T, V), or (B, V) for `"last"`, or None; `hidden` (B, T, C) after the last norm;
    one `Routing` per layer with experts; the indexers' loss of sparse layers while training; the
    mean `loss` in nats, if targets were given."""

    logits: Tensor | None
    hidden: Tensor
    routings: list[Routing]
    index_loss: Tensor | None
    loss: Tensor | None = None


class Layer(nn.Module):
    """One layer. Its number is given at the call: layers that share weights are one module."""

    def __init__(self, config: ModelConfig, layer: int):
        super().__init__()
        hidden = config.hidden_size
        kind = config.kinds[layer]
        self.input_layernorm = RMSNorm(hidden, config.norm_eps)
        self.post_attention_layernorm = RMSNorm(hidden, config.norm_eps)
        if kind == "linear":
            self.linear_attn = LinearAttention(config)
        else:
            self.self_attn = SparseAttention(config) if kind == "sparse" else Attention(config)
        self.mlp: FeedForward | MixtureOfExperts
        if config.has_experts(layer):
            assert config.experts is not None
            self.mlp = MixtureOfExperts(hidden, config.experts)
        else:
            self.mlp = FeedForward(hidden, config.dense_width)

    def forward(
        self, x: Tensor, layer: int, step: Step, cache: LayerCache | LinearCache | None,
        steer: Tensor | None,
    ) -> tuple[Tensor, Routing | None, Tensor | None]:  # fmt: skip
        normed = self.input_layernorm(x)
        index_loss = None
        if hasattr(self, "linear_attn"):
            mixed = self.linear_attn(normed, layer, step, cache)
        elif isinstance(self.self_attn, SparseAttention):
            assert cache is None or isinstance(cache, LayerCache)
            mixed, index_loss = self.self_attn.attend_sparsely(normed, layer, step, cache)
        else:
            mixed = self.self_attn(normed, layer, step, cache)
        x = x + mixed
        normed = self.post_attention_layernorm(x)
        if isinstance(self.mlp, MixtureOfExperts):
            out, routing = self.mlp(normed, steer)
            return x + out, routing, index_loss
        return x + self.mlp(normed), None, index_loss


class Decoder(nn.Module):
    """Embedding, layers, last norm."""

    def __init__(self, config: ModelConfig):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        layers: list[Layer] = []
        for i in range(config.layers):
            owner = config.owner(i)
            layers.append(layers[owner] if owner < i else Layer(config, i))
        self.layers = nn.ModuleList(layers)
        self.norm = RMSNorm(config.hidden_size, config.norm_eps)


class Transformer(nn.Module):
    """A language model.

    `checkpointing` recomputes each layer in the backward pass instead of keeping its activations.
    Under `torch.device("meta")` the largest preset builds in a second, without weights.
    """

    def __init__(self, config: ModelConfig, seed: int = 0, checkpointing: bool = False):
        super().__init__()
        self.config = config
        self.checkpointing = checkpointing
        self.model = Decoder(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        if config.tied:
            self.lm_head.weight = self.model.embed_tokens.weight
        if self.lm_head.weight.device.type != "meta":
            initialise(self, seed)

    def forward(
        self,
        tokens: Tensor,
        cache: Cache | None = None,
        classes: Tensor | None = None,
        steer: Tensor | None = None,
        valid: Tensor | None = None,
        logits: str = "all",
        targets: Tensor | None = None,
    ) -> Output:
        """Run over `tokens` (B, T), after what `cache` holds.

        `classes` (B, T): cost classes for time-aware attention. `steer` (G,): added to the
        paradigm groups' scores. `valid` (B, T): false for right-padding. `logits`: "all", "last"
        (of each row's last valid token) or "none". `targets` (B, T): the loss is computed without
        keeping logits, negative ones do not count.
        """
        if cache is None:
            at = torch.arange(tokens.shape[1], device=tokens.device).expand(tokens.shape)
            step = Step(self.config, at, tokens.shape[1], classes, valid)
        else:
            step = cache.step(tokens.shape[1], classes, valid)
        x = self.model.embed_tokens(tokens)
        routings: list[Routing] = []
        index_losses: list[Tensor] = []
        for i, layer in enumerate(self.model.layers):
            memory = cache.layers[i] if cache is not None else None
            if self.checkpointing and self.training and torch.is_grad_enabled():
                x, routing, index_loss = checkpoint(
                    layer, x, i, step, memory, steer, use_reentrant=False
                )
            else:
                x, routing, index_loss = layer(x, i, step, memory, steer)
            if routing is not None:
                routings.append(routing)
            if index_loss is not None:
                index_losses.append(index_loss)
        if cache is not None:
            cache.advance(step)
        hidden = self.model.norm(x)
        out = None
        loss = None
        if targets is not None:
            loss = linear_cross_entropy(hidden, self.lm_head.weight, targets)
        elif logits == "last":
            last = hidden[:, -1]
            if valid is not None:
                last = hidden[torch.arange(len(hidden)), (valid.sum(1) - 1).clamp(min=0)]
            out = self.lm_head(last)
        elif logits == "all":
            out = self.lm_head(hidden)
        index_loss = torch.stack(index_losses).mean() if index_losses else None
        return Output(out, hidden, routings, index_loss, loss)

    def gates(self) -> list[Gate]:
        """The gate of each layer with experts, in order (a shared one as often as it is used)."""
        return [layer.mlp.gate for layer in self.model.layers
                if isinstance(layer.mlp, MixtureOfExperts)]  # fmt: skip

    @torch.inference_mode()
    def generate(self, tokens: Tensor, count: int, stop: int | None = None) -> Tensor:
        """`tokens` (B, T) and up to `count` more, the likeliest each; ends when every row has
        met `stop`. Sampling is the engine's business."""
        cache = Cache(self.config, len(tokens), self.lm_head.weight.dtype, tokens.device)
        logits = self(tokens, cache, logits="last").logits
        done = torch.zeros(len(tokens), dtype=torch.bool, device=tokens.device)
        for i in range(count):
            chosen = logits.argmax(-1)
            tokens = torch.cat((tokens, chosen[:, None]), 1)
            done |= chosen == stop if stop is not None else done
            if i + 1 == count or bool(done.all()):
                break
            logits = self(chosen[:, None], cache, logits="last").logits
        return tokens


@torch.no_grad()
def initialise(model: Transformer, seed: int) -> None:
    """Fresh weights: normal with variance 1 / fan-in, what writes into the residual stream smaller
    by the square root of twice the depth (GPT-2), the gate and the head small."""
    generator = torch.Generator(model.lm_head.weight.device).manual_seed(seed)
    depth = math.sqrt(2 * model.config.layers)
    for name, weight in model.named_parameters():
        if weight.dim() < 2 or "time_bias" in name:
            continue
        std = weight.shape[-1] ** -0.5
        if name.endswith(("o_proj.weight", "out_proj.weight", "down_proj", "down_proj.weight")):
            std /= depth
        elif "embed_tokens" in name or name.startswith("lm_head") or name.endswith("gate.weight"):
            std = 0.02
        weight.normal_(0.0, std, generator=generator)


def cross_entropy(logits: Tensor, targets: Tensor, ignore: int = -100) -> Tensor:
    """Mean loss in nats of `logits` (..., V) against `targets` (...), computed in float32."""
    return F.cross_entropy(logits.flatten(0, -2).float(), targets.flatten(), ignore_index=ignore)
