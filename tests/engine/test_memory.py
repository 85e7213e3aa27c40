"""How much memory there is to take."""

from pathlib import Path

import pytest

from nlogn.engine.memory import available_bytes

MB = 1 << 20


def machine(root: Path, limit: str | None, used: int = 0, cached: int = 0) -> Path:
    (root / "proc").mkdir()
    (root / "proc/meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable: 4096000 kB\n")
    group = root / "sys/fs/cgroup"
    group.mkdir(parents=True)
    if limit is not None:
        (group / "memory.max").write_text(limit + "\n")
        (group / "memory.current").write_text(f"{used}\n")
        (group / "memory.stat").write_text(f"anon 1\ninactive_file {cached}\nactive_file 7\n")
    return root


def test_without_a_limit_it_is_the_machines(tmp_path: Path) -> None:
    assert available_bytes(machine(tmp_path, None)) == 4000 * MB


@pytest.mark.parametrize(("used", "cached", "free"), [(100, 0, 900), (990, 600, 610), (2000, 0, 0)])
def test_files_that_were_read_are_no_memory_in_use(
    tmp_path: Path, used: int, cached: int, free: int
) -> None:
    root = machine(tmp_path, str(1000 * MB), used * MB, cached * MB)
    assert available_bytes(root) == free * MB


def test_no_limit_and_no_linux(tmp_path: Path) -> None:
    assert available_bytes(machine(tmp_path, "max")) == 4000 * MB
    assert available_bytes(tmp_path / "nowhere") is None
