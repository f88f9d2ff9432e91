"""SQLite without room for one page more, and without its file."""

from __future__ import annotations

import resource
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.failures.restarts import Ending, suffer
from tests.failures.traffic import Traffic

#: More than SQLite lets its log grow.
_SIZE = 16 * 1024 * 1024


class Disk:
    """A small file system of its own, where this process may mount one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        with suppress(OSError), open(self.folder / "ballast", "wb", buffering=0) as ballast:
            while True:
                ballast.write(bytes(4096))

    def free(self) -> None:
        (self.folder / "ballast").unlink()


class Quota(Disk):
    """The limit that the system sets on the size of a file: any folder will do."""

    def fill(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        largest = max(path.stat().st_size for path in self.folder.iterdir())
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, self._before[1]))

    def free(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)


@contextmanager
def disk(kind: str) -> Iterator[Disk]:
    """A ``tmpfs`` (skips where it cannot be mounted) or a ``quota``."""
    folder = Path(tempfile.mkdtemp(prefix="uzotp-disk-"))
    try:
        if kind == "quota":
            yield Quota(folder)
            return
        mount = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(folder)]
        try:
            subprocess.run(mount, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("tmpfs: this process may not mount one")
        try:
            yield Disk(folder)
        finally:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def full(where: Disk, store: Any) -> Ending:
    """The disk is full under traffic, until everybody was refused; then there is room."""
    return suffer({"it": Traffic(store)}, where.fill, [where.free])["it"]
