"""What a report says, part by part."""

from __future__ import annotations

from collections.abc import Sequence

from ..document import Section
from ..evidence import Evidence
from . import card, coefficients, columns, fitted, pictures, quality, rows


def sections(evidence: Evidence, chosen: Sequence[int] | None = None) -> tuple[Section, ...]:
    """In the order in which they are read; ``chosen`` are the rows whose probabilities are explained."""
    found = (
        fitted.what(evidence),
        columns.data(evidence),
        coefficients.coefficients(evidence),
        quality.discrimination(evidence),
        quality.confusion(evidence),
        quality.calibration(evidence),
        fitted.course(evidence),
        rows.mistakes(evidence),
        pictures.pictures(evidence),
        rows.contributions(evidence, chosen),
        card.card(evidence),
    )
    return tuple(section for section in found if section.blocks)
