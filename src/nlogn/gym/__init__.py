"""The bank as an environment for reinforcement learning, judged by the one judge.

`import nlogn.gym` registers ``nlogn/Contest-v0`` with Gymnasium where that is installed.
`nlogn.gym.trl` holds a reward function for TRL's trainers, `nlogn_contest` a taskset for
`verifiers`. All three score a program alike, by `nlogn.gym.bench`.
"""

import importlib.util

if importlib.util.find_spec("gymnasium") is not None:
    import gymnasium

    if "nlogn/Contest-v0" not in gymnasium.registry:
        gymnasium.register("nlogn/Contest-v0", entry_point="nlogn.gym.contest:Contest")
