"""To learn from: softmax regression from its first line, and what lessons are made of."""

from .exercises import Exercise, Hint, exercise
from .prose import says

__all__ = ["Exercise", "Hint", "exercise", "says"]
