"""Programs with their measured labels: variants and bugs of the bank's solutions, each judged
once, in one Parquet table.

from nlogn.annotate import bank_tasks, run
run(bank_tasks(bank()), Path("out.parquet"), programs=1000)
"""

from nlogn.annotate.candidates import Candidate, candidates
from nlogn.annotate.run import Summary, bank_tasks, run
from nlogn.annotate.table import TableError
from nlogn.annotate.units import Task
from nlogn.annotate.variants import Variant, variants

__all__ = [
    "Candidate",
    "Summary",
    "TableError",
    "Task",
    "Variant",
    "bank_tasks",
    "candidates",
    "run",
    "variants",
]
