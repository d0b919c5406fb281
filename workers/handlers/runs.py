"""What a job of a run buys is noted with the run, beside the ledger, which has it in any case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from shared.domain.errors import StoreUnavailable
from shared.domain.money.purchases import PaidCall
from shared.runtime.log import get_logger, job_context
from shared.services.bootstrap import Services
from shared.spending.attribution import told_to

log = get_logger(__name__)


@contextmanager
def paid_by(services: Services, run_id: str | None) -> Iterator[None]:
    """Note what is bought inside the block with the run; without a run with nobody.

    Each call as soon as the ledger has it: what it brought is read again for free where the process ends while it is
    stored. One that ends before the note leaves that call out of the run, and of the run only.
    """
    if run_id is None:
        yield
        return
    left: list[PaidCall] = []

    def pay(call: PaidCall) -> None:
        try:
            services.stores.runs.pay(run_id, [call])
        except StoreUnavailable:
            left.append(call)

    with job_context(run_id=run_id), told_to(pay):
        try:
            yield
        finally:
            try:
                services.stores.runs.pay(run_id, left)
            except StoreUnavailable as error:
                log.warning("what a run bought is not noted", calls=len(left), reason=str(error))
