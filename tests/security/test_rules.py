"""Every rule against the samples beside it, plain and transformed."""

import pytest

from nlogn.security import secure
from nlogn.security.packs import MODULES, pack
from nlogn.security.packs.c_memory import RULES as memory_rules
from nlogn.security.scan import healthy, languages
from nlogn.security.sql import SAMPLES as sql_samples

PACKS = sorted(set(MODULES.values()))
RULES = [(lang, r) for lang in PACKS for r in pack(lang).pack.rules]


def flagged(code: str, lang: str) -> list[str]:
    report = secure(code, "cpp" if lang == "c" and "std::" in code else lang)
    assert report.status != "unscanned", report.reason
    return [f.rule for f in report.findings if f.action not in ("info", "allow")]


@pytest.mark.parametrize("lang, rule", RULES, ids=[r.id for _, r in RULES])
def test_samples(lang, rule):
    for code in rule.insecure:
        assert flagged(code, lang), f"not found:\n{code}"
    for code in (*rule.fixed, *rule.near):
        assert flagged(code, lang) == [], code


def test_rule_ids_are_unique_and_well_formed():
    ids = [r.id for _, r in RULES]
    assert len(ids) == len(set(ids))
    for _, r in RULES:
        assert r.severity in ("low", "medium", "high", "critical")
        assert r.confidence in ("low", "medium", "high")
        assert r.cwe > 0 and r.message.endswith(".")


def test_most_rules_have_both_kinds_of_sample():
    bare = [r.id for _, r in RULES if not (r.insecure and r.fixed)]
    assert len(bare) <= 0.06 * len(RULES), bare


@pytest.mark.parametrize("lang", languages())
def test_canary(lang):
    assert healthy(lang)


@pytest.mark.parametrize("rule", memory_rules.values(), ids=list(memory_rules))
def test_memory_samples(rule):
    for code in rule.insecure:
        assert rule.id in flagged(code, "c")
    for code in (*rule.fixed, *rule.near):
        assert flagged(code, "c") == [], code


@pytest.mark.parametrize("name", sql_samples)
def test_sql_samples(name):
    insecure, fixed = sql_samples[name]
    assert name in [f.rule for f in secure(insecure, "sql").findings]
    assert flagged(fixed, "sql") == []


def test_sql_in_comments_is_not_run():
    assert flagged("-- EXEC('select ' + @a)\nSELECT 1;\n", "sql") == []
