"""Root mean square normalisation (arXiv:1910.07467)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nlogn.model.kernels import rms_norm


class RMSNorm(nn.Module):
    """`weight * x / rms(x)` over the last dimension, computed in float32."""

    def __init__(self, size: int, eps: float):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        if self.weight.dtype == torch.float32:
            return rms_norm(x, self.weight, self.eps)
        return self.weight * F.rms_norm(x.float(), self.weight.shape, None, self.eps).to(x.dtype)
