"""What the tests look at in the middle of a page: ``<!-- check: NAME -->`` calls NAME with the page's project."""

from tests.docs.checks.ecosystem import *  # noqa: F403
from tests.docs.checks.howto import *  # noqa: F403
from tests.docs.checks.reference import *  # noqa: F403
from tests.docs.checks.start import *  # noqa: F403
