"""Who comes by, with which settings, and what gateways make of it: what the machine draws."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.core.stores.machine.books import DAY, HOUR, MINUTE, SECOND
from tests.core.stores.machine.gateway import Fate
from tests.core.stores.machine.oracle import Rules, Who

#: Two of one prefix, one of another, one of another country.
PHONES = ("+998901234567", "+998901234568", "+998911234567", "+77011234567")
PURPOSES = ("login", "registration", "operation")
BINDINGS = ("browser 1", "browser 2", "")

#: Addresses, and whom the client's quota takes them for: an IPv6 /64 is one client, a private peer none.
CLIENTS = {
    None: None, "10.1.2.3": None, "203.0.113.7": "203.0.113.7", "203.0.113.8": "203.0.113.8",
    "::ffff:203.0.113.7": "203.0.113.7", "2001:db8:1:2::1": "2001:db8:1:2", "2001:db8:1:2:3::4": "2001:db8:1:2",
}  # fmt: skip

#: The shorter is "the same as last time", which most steps are about.
targets = st.one_of(
    st.none(), st.none(), st.none(), st.builds(Who, *map(st.sampled_from, (PHONES, PURPOSES[:2], BINDINGS)))
)
clients = st.sampled_from(list(CLIENTS))

#: Small figures, so that a few steps reach them.
rules = st.builds(
    Rules,
    ladder=st.sampled_from([(0,), (30,), (0, 0, 60), (60, 60, 120, 300)]),
    phone=st.sampled_from(["3/hour,5/day", "2/minute,6/hour", "5/hour,10/day", "100/day"]),
    client=st.sampled_from(["4/hour,6/day", "60/hour,300/day"]),
    failures=st.sampled_from(["3/minute,5/hour", "4/hour,6/day", "5/hour", "15/hour,30/day"]),
    attempts=st.sampled_from([5, 3, 2]),
    ttl=st.sampled_from([300, 600, 45]),
    budget=st.sampled_from([5000, 1000, 600, None]),
    guard=st.sampled_from(["enforce", "record", "enforce", "off"]),
    floors=st.sampled_from([(3, 5), (2, 100), (50, 50)]),
    ratio=st.sampled_from([1.0, 2.5]),
    prices=st.sampled_from([(("alpha", 100),), (("alpha", 100), ("beta", 140))]),
)

ACCEPTED = Fate("accepted")
fates = st.sampled_from(
    [ACCEPTED] * 6
    + [Fate("accepted", 40), Fate("accepted", 175), Fate("refused"), Fate("charged"), Fate("name"), Fate("unknown")]
    + [Fate("refused"), Fate("unknown"), Fate("broken"), Fate("dies")]
)

waits = st.sampled_from(
    [1, 999, SECOND, 30 * SECOND, 59_999, MINUTE, 5 * MINUTE, 9 * MINUTE, 10 * MINUTE, HOUR - 1, HOUR, 6 * HOUR, DAY]
)

#: Milliseconds off the moment at which something ends.
edges = st.sampled_from([0, 0, -1, 1])

#: What is typed that is no code of anybody's, and the digits that it means.
JUNK = (("", ""), ("abc", ""), ("1" * 65, ""), ("१२३", "123"), (None, ""), (12345678, ""), ("0000 0000 0", "000000000"))
_ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
_WIDE = str.maketrans("0123456789", "０１２３４５６７８９")
#: How a person may type a code.
STYLES = (
    str, lambda code: f" {code[:4]} {code[4:]}", lambda code: f"{code[:4]}-{code[4:]}",
    lambda code: code.translate(_ARABIC), lambda code: code.translate(_WIDE),
)  # fmt: skip


def notations(phone: str) -> tuple[str, ...]:
    """Ways to write *phone*: all share one bucket (R36)."""
    spaced = f"{phone[:4]} {phone[4:6]} {phone[6:9]}-{phone[9:11]}-{phone[11:]}"
    return (phone, spaced, phone[4:]) if phone.startswith("+998") else (phone,)
