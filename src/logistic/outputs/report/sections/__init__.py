"""What a report says, part by part."""

from __future__ import annotations

from collections.abc import Sequence

from ..document import Section
from ..evidence import Evidence
from .card import card
from .coefficients import coefficients
from .columns import data
from .fitted import course, what
from .pictures import pictures
from .quality import calibration, confusion, discrimination
from .rows import contributions, mistakes


def sections(evidence: Evidence, chosen: Sequence[int] | None = None) -> tuple[Section, ...]:
    """In the order in which they are read; ``chosen`` are the rows whose probabilities are explained."""
    found = (
        what(evidence),
        data(evidence),
        coefficients(evidence),
        discrimination(evidence),
        confusion(evidence),
        calibration(evidence),
        course(evidence),
        mistakes(evidence),
        pictures(evidence),
        contributions(evidence, chosen),
        card(evidence),
    )
    return tuple(section for section in found if section.blocks)
