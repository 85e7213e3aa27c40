"""Where foreign code runs: isolation, limits, warm workers. Nothing untrusted runs elsewhere."""

from nlogn.sandbox.sandbox import Sandbox, shared_sandbox
from nlogn.sandbox.source import Source, SourceError, load_file, load_program, without_mark
from nlogn.sandbox.types import Isolation, Limits, Outcome, Program, ProgramError, Report, Status
from nlogn.sandbox.worker import SandboxUnavailable

__all__ = [
    "Isolation",
    "Limits",
    "Outcome",
    "Program",
    "ProgramError",
    "Report",
    "Sandbox",
    "SandboxUnavailable",
    "Source",
    "SourceError",
    "Status",
    "load_file",
    "load_program",
    "shared_sandbox",
    "without_mark",
]
