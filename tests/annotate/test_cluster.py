"""The same run on a Ray cluster of two nodes, one of which is killed on the way."""

import json
import threading
import time

import pytest

from nlogn.annotate import run
from nlogn.annotate.cluster import on_cluster
from nlogn.annotate.table import TIMING, TableError
from nlogn.annotate.targets import file_tasks

ROWS = [
    {"id": i, "code": f"def f(xs):\n    return sum(xs) * {i}\n", "entry": "f",
     "cases": [[[[1, 2]], 3 * i], [[[]], 0]], "inputs": "lambda n, rng: ([1] * n,)"}
    for i in range(8)
]  # fmt: skip


@pytest.fixture
def cluster(monkeypatch):
    pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    from ray.cluster_utils import Cluster

    some = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args=some)
    yield made
    made.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_node_that_dies_costs_nothing(cluster, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    node = cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    source = tmp_path / "rows.jsonl"
    source.write_text("\n".join(map(json.dumps, ROWS)))
    tasks, _ = file_tasks([str(source)])
    killed = threading.Event()

    def watch(done: int, total: int) -> None:
        if done >= 2 and not killed.is_set():
            killed.set()
            cluster.remove_node(node, allow_graceful=False)

    there, here = tmp_path / "cluster.parquet", tmp_path / "here.parquet"
    run(tasks, there, programs=None, doer=on_cluster(cluster.address, "auto"), progress=watch)
    assert killed.is_set()
    run(tasks, here, programs=None, workers=1)
    one, two = (pq.read_table(p).drop_columns([*TIMING]).to_pylist() for p in (there, here))
    assert one == two and len(one) == len(ROWS)


@pytest.mark.slow
def test_no_cluster_there(tmp_path):
    pytest.importorskip("ray", reason="Ray is not installed")
    source = tmp_path / "rows.jsonl"
    source.write_text(json.dumps(ROWS[0]))
    tasks, _ = file_tasks([str(source)])
    began = time.monotonic()
    with pytest.raises(TableError, match="no Ray cluster answers at"):
        run(tasks, tmp_path / "o.parquet", programs=None, doer=on_cluster("127.0.0.1:1", "auto"))
    assert time.monotonic() - began < 120
