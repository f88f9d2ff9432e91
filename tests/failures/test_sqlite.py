"""P11: SQLite when the disk is full, when it may only be read, and when its file is gone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.failures import disks, stores
from tests.failures.test_restarts import check_manners
from tests.failures.traffic import Postbox, make_verifier, new_person
from uzotp.errors import StoreUnavailable


@pytest.mark.parametrize("kind", ["SQLStore", "DjangoStore"])
@pytest.mark.parametrize("where", ["tmpfs", "quota"])
def test_p11_a_full_disk_loses_nothing_that_was_said(kind: str, where: str) -> None:
    with disks.disk(where) as disk:
        store = stores.new(kind, "sqlite", str(disk.folder / "uzotp.db"))
        try:
            ending = disks.full(disk, store)
        finally:
            stores.close(store)
    check_manners(ending)
    assert ending.audit.nothing_lost, ending.audit
    assert ending.audit.codes_kept > 0
    assert ending.audit.used_kept > 0


def test_p11_a_file_that_may_only_be_read_decides_nothing(tmp_path: Path) -> None:
    path = tmp_path / "uzotp.db"
    good = stores.new("SQLStore", "sqlite", str(path))
    good.switches()
    bad = stores.new("SQLStore", "sqlite", f"file:{path}?mode=ro&uri=true")
    postbox = Postbox()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="readonly"):
            make_verifier(bad, postbox).send_code(new_person().phone, "login", client_ip=None, binding="")
    assert not postbox.counts
    assert list(bad.switches()) == [], "what only reads is answered"
    stores.close(good)
    stores.close(bad)


class Worker:
    """A process with the file open; two of them share what the gateway got."""

    def __init__(self, path: Path, postbox: Postbox) -> None:
        self.store = stores.new("SQLStore", "sqlite", str(path))
        self.postbox = postbox
        self.verifier = make_verifier(self.store, postbox)

    def send(self, person: Any) -> None:
        self.verifier.send_code(person.phone, "login", client_ip=None, binding="")

    def submit(self, person: Any) -> str:
        return str(
            self.verifier.verify_code(person.phone, self.postbox.codes[person.phone], "login", binding="").status
        )


@pytest.mark.parametrize("empty", [False, True], ids=["deleted", "replaced by an empty one"])
def test_p2_a_file_that_is_gone_takes_its_codes_along(tmp_path: Path, empty: bool) -> None:
    """Whoever has it open goes on with it; whoever comes later begins anew, and accepts nothing of before."""
    path, postbox, used, waiting = tmp_path / "uzotp.db", Postbox(), new_person(), new_person()
    old = Worker(path, postbox)
    for person in (used, waiting):
        old.send(person)
    assert old.submit(used) == "verified"
    for file in tmp_path.iterdir():
        file.unlink()
    if empty:
        path.touch()
    new = Worker(path, postbox)
    assert (new.submit(used), new.submit(waiting)) == ("expired", "expired")
    assert (old.submit(used), old.submit(waiting)) == ("expired", "verified")
    late = new_person()
    new.send(late)
    assert (new.submit(late), new.submit(late)) == ("verified", "expired")
    stores.close(old.store)
    stores.close(new.store)
