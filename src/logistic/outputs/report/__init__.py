"""The report: one offline page of what was fitted, how good it is, and where it errs."""

from __future__ import annotations

from .evidence import Evidence, evidence
from .report import Report, installed

__all__ = ["Evidence", "Report", "evidence", "installed"]
