"""Standalone SQL: dynamic statements, grants, and passwords, in the dialects of five servers.

Dialects differ too much for one grammar to read them all, so statements are told apart by their
tokens: comments are blanked, strings are kept, and each rule is a pattern over one statement.
"""

from __future__ import annotations

import re

from .report import Finding

RULES: tuple[tuple[str, int, str, str, str, str], ...] = (
    (
        "sql.dynamic",
        89,
        "high",
        "high",
        "A statement is put together from values and then executed.",
        r"\b(?:exec(?:ute)?(?:\s+immediate)?)\s*\(?[^;]*?(?:'[^']*'\s*(?:\+|\|\|)\s*[@:\w]|[@:]\w+\s*(?:\+|\|\|)|\bconcat\s*\()",
    ),
    (
        "sql.prepare-built",
        89,
        "high",
        "high",
        "A prepared statement is made of concatenated text.",
        r"\bset\s+@(\w+)\s*:?=\s*concat\s*\([^;]*;.*?\bprepare\s+\w+\s+from\s+@\1\b",
    ),
    (
        "sql.execute-variable",
        89,
        "medium",
        "high",
        "The text that is executed was concatenated before.",
        r"\bset\s+@(\w+)\s*=\s*N?'[^;]*'\s*\+\s*@\w+[^;]*;?.*?\b(?:exec(?:ute)?\s*\(?\s*@\1\b|sp_executesql\s+@\1\b)",
    ),
    (
        "sql.grant-all",
        250,
        "medium",
        "high",
        "Every right is given.",
        r"\bgrant\s+all(?:\s+privileges)?\s+on\s+(?:\*\.\*|[\w.\"`*]+)\s+to\s+(?:public\b|'[^']*'@'%'|[\w\"`']+[^;]*with\s+grant\s+option)|\bgrant\s+all(?:\s+privileges)?\s+on\s+\*\.\*",
    ),
    (
        "sql.grant-public",
        250,
        "medium",
        "high",
        "Everybody may change this.",
        r"\bgrant\s+(?:[^;]*\b(?:insert|update|delete|execute|all)\b[^;]*)\s+to\s+public\b",
    ),
    (
        "sql.shell",
        78,
        "high",
        "high",
        "The database may run programs of the machine.",
        r"\bsp_configure\s+'xp_cmdshell'\s*,\s*1|\bxp_cmdshell\s+(?!'[^'@+]*'\s*;)|\bcopy\b[^;]*\b(?:to|from)\s+program\b",
    ),
    (
        "sql.password",
        798,
        "high",
        "high",
        "A password is in the source.",
        r"\b(?:identified\s+by|password\s*=?)\s+'(?!\s*'|\*|<|\$\{|:|%)[^']{3,}'",
    ),
    (
        "sql.weak-hash",
        328,
        "medium",
        "medium",
        "A password is hashed with a broken function.",
        r"\b(?:md5|sha1|sha|old_password)\s*\(\s*\w*(?:passw|pwd)\w*",
    ),
    (
        "sql.no-where",
        1284,
        "low",
        "low",
        "Every row is changed.",
        r"\b(?:delete\s+from\s+[\w.\"`]+\s*;|update\s+[\w.\"`]+\s+set\s+(?:(?!\bwhere\b)[^;])*;)",
    ),
)
ADVICE = {
    "sql.dynamic": "Pass the values as parameters: sp_executesql, EXECUTE … USING.",
    "sql.prepare-built": "Use placeholders and EXECUTE … USING.",
    "sql.execute-variable": "Pass the values as parameters of sp_executesql.",
    "sql.grant-all": "Grant what the role needs.",
    "sql.grant-public": "Grant it to a role.",
    "sql.shell": "Leave it off.",
    "sql.password": "Set it outside the script.",
    "sql.weak-hash": "Hash passwords in the application with argon2 or bcrypt.",
    "sql.no-where": "Add a WHERE clause.",
}
SAMPLES: dict[str, tuple[str, str]] = {
    "sql.dynamic": (
        "EXEC('select * from t where a = ''' + @a + '''');",
        "EXEC sp_executesql N'select * from t where a = @a', N'@a int', @a;",
    ),
    "sql.prepare-built": (
        "SET @q = CONCAT('select ', @c); PREPARE s FROM @q;",
        "PREPARE s FROM 'select ?';",
    ),
    "sql.execute-variable": (
        "SET @q = N'select * from t where a=' + @a; EXEC(@q);",
        "SET @q = N'select 1'; EXEC(@q);",
    ),
    "sql.grant-all": ("GRANT ALL PRIVILEGES ON *.* TO 'a'@'%';", "GRANT SELECT ON d.t TO a;"),
    "sql.grant-public": ("GRANT SELECT, UPDATE ON t TO PUBLIC;", "GRANT SELECT ON t TO PUBLIC;"),
    "sql.shell": (
        "EXEC sp_configure 'xp_cmdshell', 1;",
        "EXEC sp_configure 'show advanced options', 1;",
    ),
    "sql.password": (
        "CREATE USER a IDENTIFIED BY 'hunter22';",
        "CREATE USER a IDENTIFIED BY '${PASSWORD}';",
    ),
    "sql.weak-hash": (
        "SELECT * FROM u WHERE h = MD5(password);",
        "SELECT * FROM u WHERE h = MD5(picture);",
    ),
    "sql.no-where": ("DELETE FROM t;", "DELETE FROM t WHERE a = 1;"),
}
_COMPILED = [(r[0], r, re.compile(r[5], re.I | re.S)) for r in RULES]
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.S)
CANARY = {"sql": (SAMPLES["sql.dynamic"][0], "sql.dynamic")}


def findings(code: str, lang: str) -> list[Finding]:
    """Every rule over the whole script, with comments blanked so that offsets stay."""
    text = _COMMENT.sub(
        lambda m: m.group(0) if m.group(0)[0] == "'" else re.sub(r"[^\n]", " ", m.group(0)), code
    )
    out: list[Finding] = []
    for name, (_, cwe, severity, confidence, message, _), rx in _COMPILED:
        for m in rx.finditer(text):
            line = text.count("\n", 0, m.start()) + 1
            out.append(
                Finding(
                    name, f"CWE-{cwe}", severity, confidence, "api", "warn", line,
                    f"{message} {ADVICE[name]}",
                )
            )  # fmt: skip
    return out
