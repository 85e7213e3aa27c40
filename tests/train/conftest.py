import importlib.util
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "model"))  # the table of tiny configs

if importlib.util.find_spec("torch") is not None:
    import torch

    torch.set_num_threads(1)
