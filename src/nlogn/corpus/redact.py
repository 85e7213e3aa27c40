"""Secrets and personal data replaced by placeholders; counts of what was found.

Keys are found by the security room's detectors, which know placeholders and test values; only what
would identify or let in somebody is replaced, and the code keeps its shape.
"""

import ipaddress
import re
from collections import Counter

from nlogn.security.secrets import PLACEHOLDER, TYPED, entropy

_PEM = re.compile(  # looks no further than the next beginning: linear in the text
    r"-----BEGIN ([A-Z ]*PRIVATE KEY(?: BLOCK)?)-----(?:(?!-----BEGIN ).){40,}?-----END \1-----",
    re.S,
)
_TYPED = [(rule.removeprefix("secret."), re.compile(rx)) for rule, _, rx in TYPED]
_HINT = re.compile(
    r"AKIA|ASIA|gh[pousr]_|github_pat|glpat|xox[abprs]-|hooks\.slack|_live_|AIza|sk-|SG\.|npm_|"
    r"pypi-|SK[0-9a-f]{8}|hf_|do[opr]_v1|shp(?:at|ca|pa|ss)_|[Bb]earer:?\s|PRIVATE KEY|://[^\s/]+@"
)
_EMAIL = re.compile(
    r"(?<![\w.+/:-])[\w.+-]{1,64}@((?:[A-Za-z0-9-]{1,63}\.)+"
    r"(?:com|org|net|edu|gov|io|dev|info|biz|me|ai|co|uk|de|fr|nl|jp|cn|ru|br|ca|au|in|eu|ch|se|no|"
    r"fi|pl|it|es|cz|at|be|dk|us|kr|tw|nz|il))(?![\w(\[-]|\.\w)"
)
_ROLE = re.compile(r"(?i)example|(?:^|\.)test$|localhost|python\.org$|noreply|domain\.|company\.")
_IPV4 = re.compile(r"(?<![\w.=-])(?:\d{1,3}\.){3}\d{1,3}(?![\w-]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9a-fA-F]{1,4}:){3,7}(?::?[0-9a-fA-F]{1,4}){1,4}(?![\w:.])")
_DOTTED = re.compile(r"\d\.\d+\.\d+\.\d")
_COLONS = re.compile(r"[0-9a-fA-F]:[0-9a-fA-F]+:[0-9a-fA-F]*:")
_VERSION = re.compile(r"(?i)\b(?:version|release|ver|v)\W{0,6}$")
EMAIL, ADDRESS = "<email>", "<ip>"


def redact(text: str) -> tuple[str, Counter[str]]:
    """The text with placeholders, and how many of each kind were put in."""
    found: Counter[str] = Counter()
    if _HINT.search(text):
        text = _secrets(text, found)
    if "@" in text:
        text = _EMAIL.sub(lambda m: _email(m, found), text)
    if _DOTTED.search(text):
        text = _IPV4.sub(lambda m: _address(m, found), text)
    if _COLONS.search(text):
        text = _IPV6.sub(lambda m: _address(m, found), text)
    return text, found


def _secrets(text: str, found: Counter[str]) -> str:
    def pem(match: re.Match[str]) -> str:
        found["private-key"] += 1
        return f"<{match[1].lower().replace(' ', '-')}>"

    text = _PEM.sub(pem, text)
    for name, pattern in _TYPED:

        def put(match: re.Match[str], name: str = name) -> str:
            value = match[1] if match.re.groups else match[0]
            if name != "private-key" and PLACEHOLDER.search(value):
                return match[0]
            if name == "openai-key" and entropy(value) < 3.5:
                return match[0]
            found[name] += 1
            return match[0].replace(value, f"<{name}>")

        text = pattern.sub(put, text)
    return text


def _email(match: re.Match[str], found: Counter[str]) -> str:
    if _ROLE.search(match[1]) or match[0].startswith(("git@", "noreply@")):
        return match[0]
    found["email"] += 1
    return EMAIL


def _address(match: re.Match[str], found: Counter[str]) -> str:
    """Public addresses only; dotted quads that are versions stay."""
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]
    before = match.string[max(match.start() - 12, 0) : match.start()]
    if not address.is_global or _VERSION.search(before) or match[0] in _WELL_KNOWN:
        return match[0]
    found["ip"] += 1
    return ADDRESS


_WELL_KNOWN = {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.2.3.4", "1.0.0.1", "9.9.9.9", "4.4.4.4"}
