"""Recipes: what a formula means for the columns of a data frame, as plain data that nothing executes."""

from __future__ import annotations

from .factors import Factor, learned
from .recipe import Recipe
from .syntax import parts, quoted, understood

__all__ = ["Factor", "Recipe", "learned", "parts", "quoted", "understood"]
