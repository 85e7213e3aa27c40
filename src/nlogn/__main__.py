"""`python -m nlogn`."""

from nlogn.cli import main

main()
