"""A slice accepts only pages that can follow what was read of it."""

from __future__ import annotations

import pytest

from extract.errors import Inconsistent
from extract.stripe.endpoints import ENDPOINTS
from extract.stripe.slices import Slice
from tests.extract.fake_stripe import T0, refund


def test_ids_are_kept_only_while_they_can_come_again() -> None:
    list_slice = Slice(ENDPOINTS["refunds"])
    first = [refund("re_4", T0 + 2), refund("re_3", T0 + 1), refund("re_2", T0), refund("re_1", T0)]
    list_slice.check(first)
    list_slice.record_page(first)
    assert list_slice.ids_of_last_second == {"re_1", "re_2"}
    list_slice.check([refund("re_0", T0)])
    for again in first:
        with pytest.raises(Inconsistent):
            list_slice.check([refund("re_0", T0), again])
    list_slice.record_page([refund("re_0", T0)])  # a page within one second: the ids before it stay
    assert list_slice.ids_of_last_second == {"re_0", "re_1", "re_2"}
