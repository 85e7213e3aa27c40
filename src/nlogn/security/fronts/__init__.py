"""One file per language: each turns a tree-sitter tree into the IR."""
