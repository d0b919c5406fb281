"""What a call bought, and the sums of many."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.models import WorkClass
from shared.domain.money.prices import OBJECTS, Amounts, PriceKind
from shared.domain.money.purchases import HOURS, CallResult, Purchase, Sums, add_up

counts = st.integers(0, 10**12)
sums = st.builds(
    Sums,
    calls=counts,
    failed=counts,
    unanswered=counts,
    bought=st.dictionaries(st.sampled_from(PriceKind), counts).map(Amounts),
    reread=st.dictionaries(st.sampled_from(OBJECTS), counts).map(Amounts),
    micro_usd=counts,
    hours=st.tuples(*[counts] * HOURS),
)


@given(sums)
def test_sums_by_name_are_the_same_sums(one: Sums) -> None:
    """Whatever was counted survives the way into a document and back."""
    assert Sums.named(one.by_name()) == one


@given(st.lists(sums, max_size=4))
def test_names_add_up_as_the_sums_do(many: list[Sums]) -> None:
    """Each name of the total is the sum of that name, every kind among them."""
    total = add_up(many).by_name()

    assert all(number == sum(one.by_name().get(name, 0) for one in many) for name, number in total.items())


def test_names_of_a_newer_version_are_left_out() -> None:
    """A kind that this version does not know changes nothing of what it knows, and a missing one is none."""
    found = Sums.named({"calls": 1, "posts": 2, "kinds_to_come": 3, "hours.05": 7})

    assert found == Sums(calls=1, bought=Amounts({PriceKind.POST: 2}), hours=(0,) * 5 + (7,) + (0,) * 18)


def test_the_names_of_the_ledger_stay() -> None:
    """Documents of older versions are read by these names, so none is lost."""
    names = Sums(hours=(1,) + (0,) * 23).by_name()

    assert set(names) >= {
        *("calls", "failed", "unanswered", "posts", "users", "posts_reread", "users_reread", "micro_usd", "hours.00")
    }


def test_a_purchase_brought_its_objects_and_its_fee() -> None:
    """Both are counted, each by its kind."""
    fee = Amounts({PriceKind.COUNTS_REQUEST: 1})
    ids = {PriceKind.POST: frozenset({1, 2}), PriceKind.USER: frozenset[int]()}
    one = Purchase(
        endpoint="tweets",
        credential_id="app",
        work_class=WorkClass.SEARCH,
        result=CallResult.ANSWERED,
        object_ids=ids,
        fee=fee,
    )

    assert one.brought == fee + Amounts({PriceKind.POST: 2})
