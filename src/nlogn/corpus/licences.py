"""Under which licence a file may be used: said in its header, its package's metadata or its folder.

Identifiers and expressions are SPDX's (spdx.org/licenses, SPDX specification annex D).

    >>> permissive("Apache-2.0 OR GPL-3.0-only"), permissive("MIT AND MPL-2.0"), permissive("")
    (True, False, False)
"""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from email.parser import HeaderParser
from pathlib import PurePosixPath

from nlogn.corpus.shingles import listed

PERMISSIVE = listed(
    """0BSD AFL-3.0 Apache-1.1 Apache-2.0 BSD-1-Clause BSD-2-Clause BSD-2-Clause-Patent BSD-3-Clause
    BSD-3-Clause-Clear BSD-4-Clause-UC BSL-1.0 CC0-1.0 CNRI-Python HPND ICU ISC MIT MIT-0 MIT-
    CMU MulanPSL-2.0 NCSA NTP OLDAP-2.8 PostgreSQL PSF-2.0 Python-2.0 Python-2.0.1 TCL UPL-1.0
    Unlicense Unicode-3.0 Vim W3C WTFPL X11 Zlib zlib-acknowledgement ZPL-2.1 BlueOak-1.0.0
    Matplotlib"""
)
_LOWER = {name.lower(): name for name in PERMISSIVE}
_HEADER = re.compile(r"SPDX-License-Identifier:\s*([^\n*#\"'<>]+?)\s*(?:\*/|-->|$)", re.M)
LICENCE_FILE = re.compile(r"(?i)^(?:un)?(?:licen[cs]e|copying|copyright)(?:[-_.].*)?$")

# How packages spell their licence when they do not use SPDX: their words, in lower case.
_SPELLINGS = {
    "apache": "Apache-2.0", "apache 2": "Apache-2.0", "apache 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0", "apache2": "Apache-2.0", "apache 2.0 license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0", "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0", "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0", "mit license": "MIT", "the mit license": "MIT",
    "expat": "MIT", "mit/expat": "MIT", "bsd": "BSD-3-Clause", "new bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause", "new bsd license": "BSD-3-Clause",
    "modified bsd": "BSD-3-Clause", "bsd 3-clause": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause", "bsd 3-clause license": "BSD-3-Clause",
    "bsd-3": "BSD-3-Clause", "bsd 2-clause license": "BSD-2-Clause",
    "simplified bsd": "BSD-2-Clause", "isc license": "ISC", "isc license (iscl)": "ISC",
    "psf": "PSF-2.0", "python software foundation license": "PSF-2.0", "psfl": "PSF-2.0",
    "public domain": "CC0-1.0", "unlicense": "Unlicense", "the unlicense (unlicense)": "Unlicense",
    "zlib/libpng license": "Zlib", "historical permission notice and disclaimer (hpnd)": "HPND",
}  # fmt: skip

# Sentences that only one licence has, looked for in its text (white space made equal).
_TEXTS = (
    ("AGPL-3.0", "gnu affero general public license"),
    ("LGPL", "gnu lesser general public license"),
    ("LGPL", "gnu library general public license"),
    ("GPL", "gnu general public license"),
    ("MPL-2.0", "mozilla public license"),
    ("EPL-2.0", "eclipse public license"),
    ("CC-BY-SA", "attribution-sharealike"),
    ("CC-BY-NC", "noncommercial"),
    ("Commons-Clause", "commons clause"),
    ("BUSL-1.1", "business source license"),
    ("SSPL-1.0", "server side public license"),
    ("Apache-2.0", "apache license version 2.0"),
    ("Apache-2.0", "apache.org/licenses/license-2.0"),
    ("PSF-2.0", "python software foundation license version 2"),
    ("PSF-2.0", "psf license agreement for python"),
    ("BSL-1.0", "boost software license - version 1.0"),
    ("Unlicense", "this is free and unencumbered software released into the public domain"),
    ("CC0-1.0", "cc0 1.0 universal"),
    ("ISC", "permission to use, copy, modify, and/or distribute this software for any purpose with"
            " or without fee is hereby granted"),
    ("ISC", "permission to use, copy, modify, and distribute this software for any purpose with or"
            " without fee is hereby granted"),
    ("Zlib", "this software is provided 'as-is', without any express or implied warranty"),
    ("BSD-3-Clause", "neither the name"),
    ("BSD-2-Clause", "redistribution and use in source and binary forms"),
    ("MIT", "permission is hereby granted, free of charge, to any person obtaining a copy"),
)  # fmt: skip


def permissive(expression: str) -> bool:
    """Whether an SPDX expression lets the text be used: each part of an AND, one side of an OR."""
    words = re.findall(r"\(|\)|[^\s()]+", expression)
    try:
        value, rest = _either(words)
    except IndexError:
        return False
    return value and not rest


def _either(words: list[str]) -> tuple[bool, list[str]]:
    value, rest = _both(words)
    while rest and rest[0].upper() == "OR":
        other, rest = _both(rest[1:])
        value = value or other
    return value, rest


def _both(words: list[str]) -> tuple[bool, list[str]]:
    value, rest = _one(words)
    while rest and rest[0].upper() == "AND":
        other, rest = _one(rest[1:])
        value = value and other
    return value, rest


def _one(words: list[str]) -> tuple[bool, list[str]]:
    if words[0] == "(":
        value, rest = _either(words[1:])
        return value and rest[0] == ")", rest[1:]
    rest = words[1:]
    if rest and rest[0].upper() == "WITH":  # an exception only adds permissions
        rest = rest[2:]
    return words[0].lower() in _LOWER, rest


def from_header(text: str) -> str:
    """The expression of the file's own SPDX line, "" where it has none."""
    match = _HEADER.search(text[:4000])
    return match[1].strip() if match else ""


def from_text(text: str) -> str:
    """Which licence a LICENSE file is, by sentences that only it has; "" where none is known.

    A file with several (notices of vendored parts) is all of them, joined with AND.
    """
    squeezed = " ".join(text.lower().replace("“", '"').split()).replace(" ,", ",")
    squeezed = squeezed.replace("license, version", "license version")
    found = []
    for name, sentence in _TEXTS:
        if sentence not in squeezed or name in found:
            continue
        if name == "BSD-2-Clause" and "BSD-3-Clause" in found:
            continue
        if name == "BSD-3-Clause" and "redistribution and use" not in squeezed:
            continue
        found.append(name)
    if "PSF-2.0" in found:  # its text names the GPL only to say that it is compatible
        found = [name for name in found if name != "GPL"]
    return " AND ".join(found)


def spelled(text: str) -> str:
    """The SPDX expression that a package's free-form licence field means, "" where unclear."""
    text = text.strip()
    if "\n" in text or len(text) > 100:
        return from_text(text)
    key = text.lower().removeprefix("the ").strip(" .")
    if key in ("", "unknown", "none", "other", "custom", "see license file"):
        return ""
    if key in _LOWER:
        return _LOWER[key]
    if key in _SPELLINGS:
        return _SPELLINGS[key]
    return text if re.fullmatch(r"[\w.+-]+(?: (?:AND|OR|WITH) [\w.+-]+)*", text) else ""


def from_metadata(text: str) -> str:
    """The licence in a distribution's METADATA or PKG-INFO: expression, field, classifiers."""
    message = HeaderParser().parsestr(text)
    if expression := message.get("License-Expression"):
        return str(expression).strip()
    field = str(message.get("License") or "").strip()
    if "\n" not in field and (found := spelled(field)):
        return found
    named = [
        spelled(last) or last.replace(" ", "-")
        for line in message.get_all("Classifier") or ()
        if str(line).startswith("License ::") and not str(line).endswith("OSI Approved")
        for last in [str(line).rsplit(" :: ", 1)[-1]]
    ]
    return " AND ".join(dict.fromkeys(named)) or from_text(field)


def from_manifest(name: str, text: str) -> str:
    """The licence that pyproject.toml, Cargo.toml or package.json names, "" where it names none."""
    try:
        if name == "package.json":
            value = json.loads(text).get("license", "")
        else:
            table = tomllib.loads(text)
            value = (table.get("project") or table.get("package") or {}).get("license", "")
    except (ValueError, AttributeError, RecursionError):
        return ""
    if isinstance(value, Mapping):
        value = value.get("text") or value.get("type") or ""
    value = str(value)
    return value if permissive(value) else spelled(value)


MANIFESTS = ("pyproject.toml", "Cargo.toml", "package.json")


def by_folder(files: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Licence of each folder that states one, from (relative path, text) of its licence files and
    manifests. A LICENSE text outweighs a manifest; two LICENSE files of a folder are a choice only
    where each is (LICENSE-MIT beside LICENSE-APACHE), so they are joined with OR."""
    texts: dict[str, list[str]] = {}
    manifests: dict[str, str] = {}
    for path, text in files:
        folder = str(PurePosixPath(path).parent)
        name = PurePosixPath(path).name
        if name in MANIFESTS:
            if found := from_manifest(name, text):
                manifests.setdefault(folder, found)
        elif found := from_text(text):
            texts.setdefault(folder, []).append(found)
    out = dict(manifests)
    for folder, found_here in texts.items():
        distinct = list(dict.fromkeys(found_here))
        out[folder] = " OR ".join(f"({d})" for d in distinct) if len(distinct) > 1 else distinct[0]
    return out


def of_file(path: str, text: str, folders: Mapping[str, str], declared: str = "") -> str:
    """The licence of one file: its header, else the nearest folder's, else the package's."""
    if header := from_header(text):
        return header
    parent = PurePosixPath(path).parent
    for folder in (parent, *parent.parents):
        if str(folder) in folders:
            return folders[str(folder)]
    return declared
