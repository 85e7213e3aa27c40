"""TeX statements as Markdown, as far as contest statements go."""

import re
import textwrap


def plain_text(tex: str) -> str:
    """The Markdown of a TeX statement; commands that are not known stay as they are.

    What a command takes is at most 1,000 characters: unclosed ones must not cost quadratic time.
    """
    rules = [
        (r"(?<!\\)%.*", ""),
        (r"\\problemname\{[^}\n]{0,1000}\}", ""),
        (r"\\(?:sub)*section\*?\{([^}\n]{1,1000})\}", r"## \1"),
        (r"\\(?:textbf|textit|emph|texttt|text|verb)\{([^}\n]{0,1000})\}", r"\1"),
        (r"\\illustration(?:\{[^}\n]{0,1000}\}){3}", ""),
        (r"\\includegraphics(\[[^]\n]{0,1000}\])?\{[^}\n]{0,1000}\}", ""),
        (r"\\(?:begin|end)\{(?:itemize|enumerate|center|figure|quote)\}(\[[^]\n]{0,1000}\])?", ""),
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
