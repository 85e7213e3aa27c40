"""What people ask for."""

from nlogn.assistant.solve import Answer, Candidate, solve

__all__ = ["Answer", "Candidate", "solve"]
