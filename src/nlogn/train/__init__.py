"""Training: optimiser, losses, the resumable loop, the distributed launch. Imports torch."""
