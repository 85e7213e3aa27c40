"""C and C++: what `memory/` reports, with the samples that show each.

Sources: CWE, and CERT C where it names the same mistake.
"""

# fmt: off
# ruff: noqa: E501 -- tables, one rule after the other, read better wide

from __future__ import annotations

from ..rules import Rule


def _rule(ident: str, cwe: int, severity: str, confidence: str, message: str, advice: str,
          insecure: str, fixed: str, near: str = "") -> Rule:  # fmt: skip
    return Rule(ident, cwe, severity, confidence, message, (), advice=advice, insecure=(insecure,),
                fixed=(fixed,), near=(near,) if near else ())  # fmt: skip


RULES = {r.id: r for r in (
    _rule("c.null-deref", 476, "medium", "medium", "The pointer may be null: nothing checked what the call returned.", "Check it before its first use.",
          "void f(int n) { char *b = malloc(n); b[0] = 1; }\n", "void f(int n) { char *b = malloc(n); if (!b) return; b[0] = 1; }\n", "void f(int n) { char *b = xmalloc(n); b[0] = 1; }\n"),
    _rule("c.null-certain", 476, "high", "high", "The pointer is null here.", "Point it at something first.",
          "struct s { int a; };\nint f(void) { struct s *p = NULL; return p->a; }\n", "struct s { int a; };\nint f(struct s *q) { struct s *p = NULL; p = q; return p->a; }\n", "struct s { int a; };\nint f(struct s *q) { struct s *p = NULL; if (q) p = q; return p->a; }\n"),
    _rule("c.use-after-free", 416, "high", "high", "The memory is used after it was freed.", "Use it first, or set the pointer to NULL.",
          "void f(char *b) { free(b); b[0] = 1; }\n", "void f(char *b) { b[0] = 1; free(b); }\n", "void f(char *b) { free(b); b = make(); b[0] = 1; }\n"),
    _rule("c.double-free", 415, "high", "high", "The memory is freed twice.", "Set the pointer to NULL after the first.",
          "void f(char *b) { free(b); free(b); }\n", "void f(char *b) { free(b); b = 0; free(b); }\n"),
    _rule("c.dangling-field", 416, "medium", "medium", "The object keeps a pointer to memory that was freed.", "Set the field to NULL.",
          "int f(struct s *p) { kfree(p->name); if (g(p)) return -1; return use(p); }\n", "int f(struct s *p) { kfree(p->name); p->name = NULL; if (g(p)) return -1; return use(p); }\n", "void s_destroy(struct s *p) { kfree(p->name); kfree(p); }\n"),
    _rule("c.index-unchecked", 125, "high", "medium", "A number from outside is used as an index without a bound.", "Compare it with the size, and with zero.",
          "int f(int *a, char *s) { int i = atoi(s); return a[i]; }\n", "int f(int *a, int n, char *s) { int i = atoi(s); if (i < 0 || i >= n) return -1; return a[i]; }\n"),
    _rule("c.length-unchecked", 787, "high", "medium", "A length from outside decides how much is copied.", "Compare it with the size of the target.",
          "void f(char *d, char *s, char *h) { int n = ntohs(h); memcpy(d, s, n); }\n", "void f(char *d, char *s, char *h) { int n = ntohs(h); if (n > 9) return; memcpy(d, s, n); }\n"),
    _rule("c.alloc-overflow", 190, "medium", "medium", "The size of this allocation can wrap around.", "Check the factors first, or use calloc.",
          "void *f(char *s) { int n = atoi(s); return malloc(n * 8); }\n", "void *f(char *s) { int n = atoi(s); if (n > 99) return 0; return malloc(n * 8); }\n"),
    _rule("c.scaled-twice", 468, "high", "high", "The offset is scaled by the element's size twice.", "Leave out sizeof: pointer arithmetic already counts elements.",
          "void f(long *v, int i) { memset(v + i * sizeof(long), 0, 8); }\n", "void f(long *v, int i) { memset(v + i, 0, 8); }\n", "void f(char *v, int i) { memset(v + i * sizeof(long), 0, 8); }\n"),
    _rule("c.buffer-overflow", 787, "high", "high", "More is written than the buffer holds.", "Make the buffer larger or the copy shorter.",
          "void f(char *s) { char b[8]; memcpy(b, s, 16); }\n", "void f(char *s) { char b[8]; memcpy(b, s, 8); }\n"),
    _rule("c.index-past-end", 787, "high", "high", "The index is past the end of the array.", "The last element is at size - 1.",
          "void f(void) { int a[4]; a[4] = 1; }\n", "void f(void) { int a[4]; a[3] = 1; }\n"),
    _rule("c.unbounded-copy", 120, "medium", "high", "The copy is as long as its source, whatever fits.", "Use snprintf with the size of the target.",
          "void f(char *s) { char b[8]; strcpy(b, s); }\n", 'void f(char *s) { char b[8]; snprintf(b, sizeof b, "%s", s); }\n', "void f(char *s) { char b[8]; if (strlen(s) > 7) return; strcpy(b, s); }\n"),
    _rule("c.target-size-ignored", 119, "high", "high", "The copy is bounded by its source's size; the target's size is never looked at.", "Bound it by the target's size.",
          "void f(char *dst, int dst_size, char *src, int src_size) { strncpy(dst, src, src_size); }\n", "void f(char *dst, int dst_size, char *src, int src_size) { strncpy(dst, src, src_size < dst_size ? src_size : dst_size); }\n"),
    _rule("c.pointer-size", 467, "medium", "high", "This is the size of the pointer, not of what it points to.", "Write sizeof(*p).",
          "void f(void) { long *p = malloc(sizeof(p)); use(p); }\n", "void f(void) { long *p = malloc(sizeof(*p)); use(p); }\n"),
    _rule("c.string-terminator", 787, "high", "high", "There is no room for the terminating zero.", "Allocate strlen(s) + 1.",
          "char *f(char *s) { char *d = malloc(strlen(s)); if (d) strcpy(d, s); return d; }\n", "char *f(char *s) { char *d = malloc(strlen(s) + 1); if (d) strcpy(d, s); return d; }\n"),
    _rule("c.return-local", 562, "medium", "high", "The array is gone when the function returns.", "Return memory that outlives the call.",
          "char *f(void) { char b[8]; g(b); return b; }\n", "char *f(void) { static char b[8]; g(b); return b; }\n"),
    _rule("c.divide-unchecked", 369, "low", "medium", "A number from outside may be zero here.", "Check it first.",
          "int f(char *s) { int n = atoi(s); return 100 / n; }\n", "int f(char *s) { int n = atoi(s); if (n == 0) return 0; return 100 / n; }\n"),
)}  # fmt: skip
