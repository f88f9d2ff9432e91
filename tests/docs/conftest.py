"""Failures in what the pages' tests share are as readable as those in a test file."""

import pytest

for _module in ("checks", "likeness", "visitor", "walk"):
    pytest.register_assert_rewrite(f"tests.docs.{_module}")
