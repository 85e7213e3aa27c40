"""Rows of the labelled sets whose label is disputed, and why. Scores are given both ways.

The row alone must show that the label is wrong. Only rows that the filter judged otherwise were
read for this, so the score without them is an upper bound.
"""

from __future__ import annotations

CONSTANT = "only a constant reaches the sink: the branch that takes the input is never run"
NOT_INSECURE = "nothing in it is insecure"

FLOWS = "labelled safe by a tool that cannot follow it, but request data does reach the statement"
UNREADABLE = "the struct tag lost its back quotes when the set was made: no Go, and no tag"
PER_LOOP = "since Go 1.22 every iteration has its own variable"

DISPUTED: dict[str, str] = {
    "owasp_py/BenchmarkTest00008": CONSTANT,
    "owasp_py/BenchmarkTest00089": CONSTANT,
    "owasp_py/BenchmarkTest00289": CONSTANT,
    "owasp_py/BenchmarkTest00340": CONSTANT,
    "owasp_py/BenchmarkTest00350": CONSTANT,
    "owasp_py/BenchmarkTest00436": CONSTANT,
    "owasp_py/BenchmarkTest00535": CONSTANT,
    "owasp_py/BenchmarkTest00845": CONSTANT,
    "owasp_py/BenchmarkTest00947": CONSTANT,
    "owasp_py/BenchmarkTest01000": CONSTANT,
    "devaic_google_gemini_066": "parses a constant text of its own as XML",
    "devaic_google_gemini_007": "a parameterised DELETE; " + NOT_INSECURE,
    "devaic_github_copilot_007": "a parameterised DELETE; " + NOT_INSECURE,
    "devaic_google_gemini_122": "SHA-256 of one character; " + NOT_INSECURE,
    "devaic_microsoft_copilot_042": "only pickles, never unpickles",
    "devaic_openai_chatgpt_042": "only pickles, never unpickles",
    "devaic_openai_chatgpt_063": "only pickles, never unpickles",
    "devaic_microsoft_copilot_067": "switches XML namespaces on, which resolves nothing external",
    "devaic_microsoft_copilot_089": "mode 0o400 is the most restrictive that can be read",
    "devaic_openai_chatgpt_068": "mode 0o400 is the most restrictive that can be read",
    "devaic_openai_chatgpt_090": "mode 0o400 is the most restrictive that can be read",
    "devaic_microsoft_copilot_119": "a unit test of roles; " + NOT_INSECURE,
    "devaic_openai_chatgpt_025": "reads and converts an integer; " + NOT_INSECURE,
    "devaic_github_copilot_059": "reads the clock; " + NOT_INSECURE,
    "devaic_google_gemini_101": "signs a token with a random key; " + NOT_INSECURE,
    "devaic_github_copilot_120": "makes a random key and stops; " + NOT_INSECURE,
    "devaic_github_copilot_091": "labelled safe, but a bare SSLContext checks no certificate",
    "devaic_microsoft_copilot_004": "labelled safe, but returns parsed request data as HTML",
    "devaic_microsoft_copilot_104": "labelled safe, but returns the request body as HTML",
    "devaic_microsoft_copilot_113": "labelled safe; its like is labelled insecure elsewhere",
    "devaic_openai_chatgpt_020": "labelled safe, but sends the exception's text to the client",
    "devaic_openai_chatgpt_011": "labelled safe, but an administrator's password is in the source",
    "sven_train_089_064_u": "the route converts the id with <int:…> and formats it with %d",
    "sven_train_089_030_u": "the value is an int and formatted with %d",
    "gosec_G701_43": FLOWS,
    "gosec_G701_59": FLOWS,
    "gosec_G701_72": FLOWS,
    "gosec_G701_83": FLOWS,
    "gosec_G701_86": FLOWS,
    "gosec_G701_91": FLOWS,
    "gosec_G112_02": "safe by the rule it samples, but writes the request's path as HTML",
    "gosec_G201_21": "safe by the rule it samples, but builds SQL by concatenation",
    "gosec_G101_46": "the key is the one that its issuer prints as an example",
    "gosec_G101_48": "the key is the one that its issuer prints as an example",
    "gosec_G115_48": "labelled safe, but any negative number passes a != 4",
    "gosec_G117_04": UNREADABLE,
    "gosec_G117_06": UNREADABLE,
    "gosec_G117_15": UNREADABLE,
    "gosec_G117_16": UNREADABLE,
    "gosec_G120_04": "the body is bounded by MaxBytesReader",
    "gosec_G203_02": "only a constant is marked as safe",
    "gosec_G203_03": "only a constant is marked as safe",
    "gosec_G601_00": PER_LOOP,
    "gosec_G601_05": PER_LOOP,
    "gosec_G601_08": PER_LOOP,
    "gosec_G602_08": "labelled safe, but s[3] of a slice of length 0 panics",
    "gosec_G701_16": "the value went through strconv.Atoi",
    "gosec_G703_05": "filepath.Clean keeps leading ..",
}
