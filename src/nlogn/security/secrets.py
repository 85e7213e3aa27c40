"""Secrets in source text: typed detectors, entropy, and what is plainly a placeholder.

Formats are those that the issuers document (prefixes and lengths of keys). A secret is never
put into a message whole: `redact` keeps the first four characters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import log2

from .fragments import words_of
from .values import words

TYPED: tuple[tuple[str, str, str], ...] = (
    ("secret.aws-access-key", "AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    (
        "secret.github-token",
        "GitHub token",
        r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}\b",
    ),
    ("secret.gitlab-token", "GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    ("secret.slack-token", "Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,}\b"),
    (
        "secret.slack-webhook",
        "Slack webhook",
        r"hooks\.slack\.com/services/T[A-Z0-9]{6,}/B[A-Z0-9]{6,}/[A-Za-z0-9]{20,}",
    ),
    ("secret.stripe-key", "Stripe key", r"\b(?:sk|rk)_live_[A-Za-z0-9]{16,}\b"),
    ("secret.google-key", "Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("secret.openai-key", "OpenAI key", r"\bsk-(?:proj-)?[A-Za-z0-9_-]{32,}\b"),
    ("secret.sendgrid-key", "SendGrid key", r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}\b"),
    ("secret.npm-token", "npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("secret.pypi-token", "PyPI token", r"\bpypi-AgE[A-Za-z0-9_-]{50,}"),
    ("secret.twilio-key", "Twilio key", r"\bSK[0-9a-f]{32}\b"),
    ("secret.huggingface-token", "Hugging Face token", r"\bhf_[A-Za-z]{34}\b"),
    ("secret.digitalocean-token", "DigitalOcean token", r"\bdo[opr]_v1_[0-9a-f]{64}\b"),
    ("secret.shopify-token", "Shopify token", r"\bshp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}\b"),
    (
        "secret.bearer-token",
        "bearer token",
        r"\b[Bb]earer:?\s+(?=[\w.~+/-]*\d)(?=[\w.~+/-]*[A-Za-z])[\w.~+/-]{20,}=*",
    ),
    (
        "secret.private-key",
        "private key",
        r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |PGP )?PRIVATE KEY(?: BLOCK)?-----\s*(?:\\n)?\s*"
        r"[\"'+\s]*[A-Za-z0-9+/=]{20,}",
    ),
    (
        "secret.url-password",
        "password in a URL",
        r"\b[a-z][a-z0-9+]{2,12}://[^\s/:@\"'{}$<>%]+:([^\s/:@\"'{}$<>%]{4,})@[\w.-]+",
    ),
)
_ANY = re.compile("|".join(f"(?P<t{n}>{rx})" for n, (_, _, rx) in enumerate(TYPED)))
# Every key holds one of these as a word, begins a long word with one, or is part of a URL. To look
# at words (letters, digits and underscores) is several times faster than any pattern.
_ALONE = words("sk SG glpat xoxa xoxb xoxp xoxr xoxs Bearer bearer pypi PRIVATE hooks")
_LOGIN = re.compile(r"://[^\s/@]+@")
_STARTS = (
    "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "sk_live_", "rk_live_",
    "npm_", "SK", "hf_", "dop_v1_", "doo_v1_", "dor_v1_", "shpat_", "shpca_", "shppa_", "shpss_",
)  # fmt: skip
PLACEHOLDER = re.compile(
    r"(?i)example|sample|your|change|xxx|placeholder|dummy|redacted|fixme|todo|replace|insert|"
    r"test|fake|mock|foo|bar|1234567|abcdef|aaaa|0000|\*\*\*|<.*>|\$\{|\{\{|%s|\.\.\.|"
    r"^(?:pass(?:word)?|secret|token|key|user|admin|root|none|null|true|false|default|string|changeme|hunter2)$"
)


@dataclass(frozen=True, slots=True)
class Secret:
    rule: str
    title: str
    pos: int
    shown: str  # redacted


def entropy(text: str) -> float:
    """Bits for each character, by the text's own frequencies (Shannon 1948)."""
    n = len(text)
    if n == 0:
        return 0.0
    return -sum(k / n * log2(k / n) for k in (text.count(c) for c in set(text)))


def redact(text: str) -> str:
    return text[:4] + "…" if len(text) > 8 else "…"


def looks_secret(text: str) -> bool:
    """Whether a constant bound to a secret's name is likely a real one."""
    if len(text) < 8 or len(text) > 512 or any(c.isspace() for c in text):
        return False
    if (
        PLACEHOLDER.search(text)
        or "://" in text
        or text.startswith(("/", "./", "--", "$", "%", "{", "#", "@"))
    ):
        return False
    kinds = sum(
        (
            any(c.isdigit() for c in text),
            any(c.islower() for c in text),
            any(c.isupper() for c in text),
            any(not c.isalnum() for c in text),
        )
    )
    if re.fullmatch(r"[A-Za-z]+(?:[-_.][A-Za-z]+)*", text):
        return False  # words
    return kinds >= 2 and entropy(text) >= (3.0 if len(text) >= 16 else 2.5)


def may_hold(code: str, found: set[str]) -> bool:
    """Whether a text with these words can hold a key of a known format."""
    if not found.isdisjoint(_ALONE) or "AIza" in code or _LOGIN.search(code) is not None:
        return True
    for word in found:  # noqa: SIM110 -- a generator costs as much again
        if len(word) > 18 and word.startswith(_STARTS):
            return True
    return False


def find_secrets(code: str, found: set[str] | None = None) -> list[Secret]:
    """Keys of known formats anywhere in the text, comments included. `found`: its words."""
    if not may_hold(code, words_of(code) if found is None else found):
        return []
    out: list[Secret] = []
    for m in _ANY.finditer(code):
        n = next(k for k in range(len(TYPED)) if m.group(f"t{k}") is not None)
        rule, title, _ = TYPED[n]
        text = m.group(0)
        value = (
            next((g for g in m.groups()[::-1] if g and g != text), text)
            if rule.endswith("url-password")
            else text
        )
        if rule != "secret.private-key" and PLACEHOLDER.search(value):
            continue
        if rule in ("secret.openai-key", "secret.bearer-token") and entropy(text) < 3.5:
            continue
        out.append(Secret(rule, title, m.start(), redact(value)))
    return out


def redact_secrets(code: str) -> str:
    """The text with every key of a known format shortened to its first characters."""
    out = code
    for m in reversed(list(_ANY.finditer(code)) if may_hold(code, words_of(code)) else []):
        if not PLACEHOLDER.search(m.group(0)) or "PRIVATE KEY" in m.group(0):
            out = out[: m.start()] + redact(m.group(0)) + out[m.end() :]
    return out
