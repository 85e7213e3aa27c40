"""nlogn: code that is measured before it is answered."""

__version__ = "0.1.0"
