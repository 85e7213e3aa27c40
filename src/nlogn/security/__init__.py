"""The security filter: findings with a flow, a policy, fixes and SARIF.

    >>> from nlogn.security import secure
    >>> report = secure("import os\\ndef f(name):\\n    os.system('ping ' + name)\\n", "python")
    >>> report.findings[0].cwe
    'CWE-78'

`secure` never says "clean" for what it could not read: see `Report.status`.
"""

from __future__ import annotations

from .files import (
    Scanned,
    exit_code,
    language_of,
    secure_diff,
    secure_file,
    secure_paths,
    secure_rows,
    secure_text,
)
from .fixes import Fix, fix
from .formats import to_github, to_text
from .policy import Policy, PolicyError, load_policy, parse_policy
from .report import Finding, Report, Step, Suppression
from .sarif import to_sarif
from .scan import languages, secure
from .secrets import redact_secrets

__all__ = [
    "Finding", "Fix", "Policy", "PolicyError", "Report", "Scanned", "Step", "Suppression",
    "exit_code", "fix", "language_of", "languages", "load_policy", "parse_policy",
    "redact_secrets", "secure", "secure_diff", "secure_file", "secure_paths", "secure_rows",
    "secure_text", "to_github", "to_sarif", "to_text",
]  # fmt: skip
