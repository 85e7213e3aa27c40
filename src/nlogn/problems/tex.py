"""TeX statements as Markdown, as far as contest statements go."""

import re
import textwrap


def plain_text(tex: str) -> str:
    """The Markdown of a TeX statement; commands that are not known stay as they are."""
    rules = [
        (r"(?<!\\)%.*", ""),
        (r"\\problemname\{.*?\}", ""),
        (r"\\(?:sub)*section\*?\{(.+?)\}", r"## \1"),
        (r"\\(?:textbf|textit|emph|texttt|text|verb)\{(.*?)\}", r"\1"),
        (r"\\illustration\{.*?\}\{.*?\}\{.*?\}|\\includegraphics(\[.*?\])?\{.*?\}", ""),
        (r"\\(?:begin|end)\{(?:itemize|enumerate|center|figure|quote)\}(\[.*?\])?", ""),
        (r"\\item\s*", "- "),
        (r"\\(?:leq?|le)\b", "<="),
        (r"\\(?:geq?|ge)\b", ">="),
        (r"\\(?:ldots|dots|cdots)\b", "..."),
        (r"\\(?:times|cdot)\b", "*"),
        (r"``|''", '"'),
        (r"\\([#$%&_{}])", r"\1"),
        (r"\\[,;:! ]", " "),
        (r"\n{3,}", "\n\n"),
    ]
    for pattern, instead in rules:
        tex = re.sub(pattern, instead, tex)
    return textwrap.dedent(tex)
