"""The name under which `verifiers` finds the bank: see `nlogn.gym.taskset`."""

from nlogn.gym.taskset import ContestTaskset

__all__ = ["ContestTaskset"]
