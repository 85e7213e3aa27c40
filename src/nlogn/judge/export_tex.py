"""A Markdown statement as TeX, which the legacy package format wants."""

import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

_SPECIAL = str.maketrans({
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#",
    "%": r"\%", "_": r"\_", "^": r"\textasciicircum{}", "~": r"\textasciitilde{}",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", '"': r"\textquotedbl{}",
})  # fmt: skip
_BLOCKS = {
    "bullet_list_open": "\\begin{itemize}\n", "bullet_list_close": "\\end{itemize}\n\n",
    "ordered_list_open": "\\begin{enumerate}\n", "ordered_list_close": "\\end{enumerate}\n\n",
    "list_item_open": "\\item ", "paragraph_close": "\n\n", "heading_close": "}\n\n",
    "blockquote_open": "\\begin{quote}\n", "blockquote_close": "\\end{quote}\n\n",
}  # fmt: skip
_INLINE = {
    "em_open": "\\emph{", "em_close": "}", "strong_open": "\\textbf{", "strong_close": "}",
    "softbreak": "\n", "hardbreak": "\\\\\n",
}  # fmt: skip


def tex(name: str, statement: str) -> str:
    """The statement with its title, as the body of ``problem.LANGUAGE.tex``."""
    body = "".join(_block(token) for token in MarkdownIt("commonmark").parse(statement))
    return f"\\problemname{{{escaped(name)}}}\n\n{body.rstrip()}\n"


def escaped(text: str) -> str:
    """Plain text such that TeX prints it as it is."""
    return text.translate(_SPECIAL)


def _block(token: Token) -> str:
    if token.type == "inline":
        return "".join(map(_inline, token.children or []))
    if token.type in ("fence", "code_block"):
        # A line that ends the environment would leave it: a blank before it does not.
        content = re.sub(r"\\end\{verbatim\}", r"\\end {verbatim}", token.content)
        return f"\\begin{{verbatim}}\n{content}\\end{{verbatim}}\n\n"
    if token.type == "heading_open":
        return "\\section*{"
    return _BLOCKS.get(token.type, "")


def _inline(token: Token) -> str:
    if token.type == "text":
        return escaped(token.content)
    if token.type == "code_inline":
        return f"\\texttt{{{escaped(token.content)}}}"
    return _INLINE.get(token.type, escaped(token.content))
