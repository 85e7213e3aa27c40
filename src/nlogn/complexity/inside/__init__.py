"""What runs inside the sandbox: standard library only, joined into one harness text by
`nlogn.complexity.harness`, so that names are unique across these files."""
