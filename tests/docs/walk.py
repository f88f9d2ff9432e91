"""Doing what a page says, block by block, in an empty folder.

* A block with a title is a file: its text is written there, or ``<!-- test: add -->`` at its end. ``(…)`` in a title
  is for the reader. A Python file has to be imported or run by something later; any other file has to be used by a
  check: :meth:`Project.used`. A title of this repository's ``docs/examples`` is the very file.
* ``console``: each line after ``$`` is run; what stands under it is its output, ``…`` standing for anything.
  ``<!-- test: fails -->`` says that the last one ends with another status than 0.
* ``python`` without a title: run as a script; ``text`` right after it is its output. ``<!-- test: printed -->`` before
  a ``text`` says that the server prints it; the next check that signs up looks for it.
* ``json``: the answer to the last ``curl``. ``<!-- test: value -->`` before it, or before a ``text``, says that a check
  asks for it: :meth:`Project.value`.
* ``cron``: five fields and a command each. ``nginx``, ``js``, ``html``, ``toml`` and the like have a title.

What a page does not say in one of these ways cannot be run, and fails: no block goes without a test.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest

from tests.docs.likeness import alike, same_shape
from tests.docs.pages import DOCS, ROOT, Block
from tests.docs.visitor import Answer, Visitor
from tests.waiting import until

#: What a page may say instead of the address on which the test serves it.
_SAID = re.compile(r"http://127\.0\.0\.1:(?:8000|5000)")
#: uzotp's commands that ask a service for something: read by the parser, and not run.
_ASKING = {"balance", "status", "history", "canary"}


class Project:
    """A folder in which a page is followed."""

    def __init__(self, folder: Path) -> None:
        self.root = self.cwd = folder
        self.server: subprocess.Popen[bytes] | None = None
        self.log = folder
        self.site = ""
        self.output = ""
        self.answer: Answer | None = None
        #: Files that a page has made and that nothing has run yet, with their blocks.
        self.unused: dict[Path, Block] = {}
        #: JSON values that no check has asked for.
        self.values: list[tuple[Block, Any]] = []
        self._to_print: list[Block] = []
        self.environment = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DJANGO_", "UZOTP_", "FLASK_", "PYTEST_", "COV_")) and "DONTWRITE" not in name
        }
        checkout = [path for path in sys.path if Path(path).is_relative_to(ROOT) and "site-packages" not in path]
        self.environment |= {
            "PYTHONPATH": os.pathsep.join(checkout),
            "PYTHONIOENCODING": "utf-8",
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "NO_COLOR": "1",
            "SECRET_KEY": "of the tests of the pages, 0123456789",
            "UZOTP_FINGERPRINT_KEY": "of the fingerprints of the tests, 0123456789",
        }

    # -------------------------------------------------------------------------------------------------- blocks

    def follow(self, blocks: Iterable[Block], *, serve: bool = True) -> None:
        for block in blocks:
            self.do(block, serve=serve)

    def do(self, block: Block, *, serve: bool = True) -> None:
        doing: Callable[[Block], None] | None = getattr(self, f"_do_{block.language}", None)
        if block.title:
            self._write(block)
        elif block.language == "console":
            self._do_commands(block, serve)
        elif doing is not None:
            doing(block)
        else:
            pytest.fail(f"{block}: nobody knows how to run {block.language or 'this'} without a title")

    def _write(self, block: Block) -> None:
        title = re.sub(r" \(.*\)", "", block.title)
        file = self.cwd / title
        assert file.is_relative_to(self.root), f"{block}: a title is a path in the project"
        text = block.text
        if text.startswith('--8<-- "'):
            text = (ROOT / text.split('"')[1]).read_text("utf-8")
        file.parent.mkdir(parents=True, exist_ok=True)
        before = file.read_text("utf-8") if "add" in block.words else ""
        if block.language == "js":
            text = _SAID.sub(self.site, text)
        text = _until(text)
        file.write_text(f"{before}\n\n{text}" if before else text, "utf-8")
        # What is run next is not to be taken from a cache that is as old as this second.
        for cached in (file.parent / "__pycache__").glob(f"{file.stem}.*"):
            cached.unlink()
        self.unused[file] = block

    def _do_python(self, block: Block) -> None:
        self.output = self.python(block.text, errors=True)

    def _do_text(self, block: Block) -> None:
        if "printed" in block.words:
            self._to_print.append(block)
            return
        if "value" in block.words:
            self.values.append((block, block.text))
            return
        assert alike(block.text, self.output), f"{block} is not what was printed:\n{self.output}"

    def _do_json(self, block: Block) -> None:
        value = json.loads(block.text)
        if self.answer is None or "value" in block.words:
            self.values.append((block, value))
            return
        answer, self.answer = self.answer.json(), None
        same_shape(value, answer, str(block))

    def _do_cron(self, block: Block) -> None:
        lines = [line for line in block.text.split("\n") if line.strip() and not line.startswith("#")]
        assert lines
        for line in lines:
            *when, command = line.split(None, 5)
            assert len(when) == 5, f"{block}: {line}"
            assert all(re.fullmatch(r"(\*|[0-9,-]+)(/[0-9]+)?", field) for field in when), f"{block}: {line}"
            words = [word.removeprefix(".venv/bin/") for word in shlex.split(command.split("&&")[-1])]
            assert "uzotp" in words, f"{block}: {line}"
            parsed(words[words.index("uzotp") + 1 :])

    # ------------------------------------------------------------------------------------------------ commands

    def _do_commands(self, block: Block, serve: bool) -> None:
        # A line that ends with a backslash goes on.
        steps = re.split(r"^\$ ", block.text.replace("\\\n", " "), flags=re.M)
        assert not steps[0].strip(), f"{block}: a console block begins with $"
        for step in steps[1:]:
            command, _, expected = step.partition("\n")
            fails = "fails" in block.words and step is steps[-1]
            self.output = ""
            for part in command.split(" && "):
                self.run(part.strip(), str(block), serve=serve, fails=fails)
            if expected.strip() and serve:
                shown = f"{block} is not what {command!r} printed:\n{self.output}"
                assert alike(expected, self.output), shown

    def run(self, command: str, where: str = "", *, serve: bool = True, fails: bool = False) -> None:
        words = shlex.split(_until(command), comments=True)
        if words[0] == "export":
            for name, _, value in (word.partition("=") for word in words[1:]):
                if value.startswith("$("):  # what a command prints
                    self.output = ""
                    self.run(value[2:-1], where)
                    value = self.output.strip()
                self.environment[name] = value
            return
        extra = {}
        while "=" in words[0]:
            name, _, value = words.pop(0).partition("=")
            extra[name] = value
        own: Callable[[list[str]], None] | None = getattr(self, f"_run_{words[0].replace('-', '_').strip('.')}", None)
        if own is not None:
            own(words[1:])
            return
        if words[0] == ".":
            return  # the virtual environment is the one at hand
        if words[:2] == ["uzotp", "sandbox"] or "runserver" in words or (words[0] == "flask" and "run" in words):
            if serve:
                self._serve(words, extra)
            return
        if "uzotp" in words and set(words) & _ASKING:
            parsed(words[words.index("uzotp") + 1 :])
            return
        if words[1:3] == ["-m", "venv"]:
            return
        modules: dict[str, list[str]] = {
            "python": [],
            "python3": [],
            "django-admin": ["-m", "django"],
            "flask": ["-m", "flask"],
        }
        modules |= {"pytest": ["-m", "pytest"], "uzotp": ["-m", "uzotp"]}
        assert words[0] in modules, f"{where}: {words[0]} is no command that the tests can run"
        arguments = [*modules[words[0]], *words[1:]]
        if words[0] == "pytest":
            arguments += ["-p", "no:cacheprovider"]
        self._ran(words)
        self.output += self.execute(arguments, where=where or command, fails=fails, extra=extra)

    def execute(
        self, arguments: list[str], *, where: str = "", fails: bool = False, extra: dict[str, str] | None = None,
        errors: bool = True,
    ) -> str:  # fmt: skip
        """In a fresh interpreter; what it printed, with its *errors* or without."""
        environment = self.environment | (extra or {})
        done = subprocess.run(
            [sys.executable, *arguments], cwd=self.cwd, env=environment, text=True, encoding="utf-8", timeout=120,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT if errors else subprocess.PIPE, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        shown = done.stdout + (done.stderr or "")
        assert (done.returncode != 0) == fails, f"{where}: ended with {done.returncode}\n{shown}"
        return done.stdout

    def python(self, source: str, *, errors: bool = False) -> str:
        """Run *source* in this folder, with Django set up where there is a ``manage.py``; what it printed."""
        manage = self.cwd / "manage.py"
        if manage.exists():
            named = re.search(r"['\"]([\w.]+\.settings)['\"]", manage.read_text("utf-8"))
            assert named
            setup = f"import os; os.environ['DJANGO_SETTINGS_MODULE'] = {named[1]!r}\nimport django; django.setup()\n"
            source = setup + source
        return self.execute(["-c", f"import sys; sys.path.insert(0, '')\n{source}"], where=source, errors=errors)

    def _ran(self, words: list[str]) -> None:
        for word in [*words, *(["pytest.ini"] if words[0] == "pytest" else [])]:
            self.unused.pop(self.cwd / word, None)

    def _run_mkdir(self, words: list[str]) -> None:
        for word in words:
            (self.cwd / word).mkdir(parents=True)

    def _run_cd(self, words: list[str]) -> None:
        self.cwd = self.cwd / words[0]
        assert self.cwd.is_dir(), words

    def _run_source(self, words: list[str]) -> None:
        """The virtual environment is the one at hand."""

    def _run_pip(self, words: list[str]) -> None:
        """What is installed by a page is here already; its extras have to be there."""
        assert words[0] == "install", words
        known = set(metadata("uzotp").get_all("Provides-Extra") or [])
        for word in words[1:]:
            named = re.fullmatch(r"([A-Za-z0-9_-]+)(?:\[([a-z,]+)\])?", word)
            assert named, f"pip install {word}"
            if named[1] == "uzotp" and named[2]:
                assert set(named[2].split(",")) <= known, word

    def _run_curl(self, words: list[str]) -> None:
        headers, body, method, address = {}, None, None, ""
        rest = iter(words)
        for word in rest:
            if word == "-H":
                name, _, value = next(rest).partition(": ")
                headers[name] = value
            elif word == "-d":
                body = next(rest).encode()
            elif word == "-X":
                method = next(rest)
            else:
                assert word.startswith("http"), f"curl {word}: the tests know -H, -d and -X"
                address = word
        self.answer = self.visitor().ask(_SAID.sub(self.site, address), body, method, headers)
        self.output += self.answer.text

    def _run_node(self, words: list[str]) -> None:
        node = shutil.which("node")
        if node is None:
            pytest.skip("node is not installed")
        self._ran(words)
        done = subprocess.run(
            [node, *words], cwd=self.cwd, env=self.environment, text=True, encoding="utf-8", timeout=60,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        self.output += done.stdout

    def _run_nginx(self, words: list[str]) -> None:
        """The configuration is checked where nginx is installed; see the check of its page."""
        assert words == ["-t"], words

    def _run_gunicorn(self, words: list[str]) -> None:
        """Not among what the tests install: the application that it names has to be there."""
        module, _, name = words[-1].partition(":")
        self.python(f"import importlib; assert callable(getattr(importlib.import_module({module!r}), {name!r}))")
        for file in [file for file in self.unused if file.stem == module]:
            del self.unused[file]

    # -------------------------------------------------------------------------------------------------- server

    def _serve(self, words: list[str], extra: dict[str, str]) -> None:
        self.stop()
        port = _free_port()
        if words[0] == "uzotp":
            arguments = ["-m", "uzotp", "sandbox", "--port", str(port)]
        elif words[0] == "flask":
            arguments = ["-m", "flask", *words[1:], "--port", str(port), "--no-reload"]
        else:
            arguments = [*words[1:], str(port), "--noreload"]
        self.site = f"http://127.0.0.1:{port}"
        self._ran(words)
        self.log = self.root / f"server-{port}.log"
        with self.log.open("wb") as log:
            self.server = subprocess.Popen(
                [sys.executable, *arguments], cwd=self.cwd, env=self.environment | extra, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        until(lambda: self._up(port), f"{' '.join(words)} answers")

    def _up(self, port: int) -> bool:
        assert self.server is not None
        assert self.server.poll() is None, self.printed()
        with socket.socket() as one:
            return one.connect_ex(("127.0.0.1", port)) == 0

    def printed(self) -> str:
        """What the server has printed so far."""
        return self.log.read_text("utf-8", "replace")

    def as_printed(self) -> None:
        """The server has printed by now what the page says that it prints."""
        for block in self._to_print:
            assert alike(block.text, self.printed(), whole=False), f"{block} is not what was printed:\n{self.printed()}"
        self._to_print.clear()

    def visitor(self) -> Visitor:
        return Visitor(self.site, self.printed)

    def stop(self) -> None:
        if self.server is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.server.pid, signal.SIGTERM)
            self.server.wait(20)
            self.server = None

    # ------------------------------------------------------------------------------------------------- account

    def used(self, title: str) -> str:
        """A check says that it has used the file of this *title*; its text."""
        file = self.cwd / title
        assert self.unused.pop(file, None) or file.exists(), f"no block is called {title}"
        return file.read_text("utf-8")

    def value(self) -> Any:
        """The next JSON value that the page shows."""
        return self.values.pop(0)[1]

    def nothing_is_left(self) -> None:
        """Every file was imported, run or used, and every value asked for."""
        idle = [block for file, block in self.unused.items() if not _imported(file)]
        assert not idle, f"blocks that nothing has run: {', '.join(map(str, idle))}"
        assert not self._to_print, f"nobody looked for {self._to_print[0]}"
        assert not self.values, f"values that nothing has compared: {', '.join(str(block) for block, _ in self.values)}"


def _until(text: str) -> str:
    """Test numbers end within 90 days: whatever day a page says, the test says one that is near."""
    soon = (datetime.now(timezone.utc) + timedelta(days=30)).date()
    return text.replace("2027-01-01", soon.isoformat())


def _imported(file: Path) -> bool:
    return file.suffix == ".py" and any((file.parent / "__pycache__").glob(f"{file.stem}.*"))


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def parsed(arguments: list[str]) -> Any:
    """What uzotp's own parser makes of *arguments*; it fails for a command that is none."""
    from uzotp.cli.run import _parser

    return _parser("uzotp", standalone=True).parse_args(arguments)


assert DOCS.is_dir(), "the documentation belongs to the tests: docs/ is missing"
