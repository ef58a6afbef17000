"""To learn from: softmax regression from its first line, and what lessons are made of."""

from .exercises import Exercise, Hint, exercise
from .prose import says
from .sheet import Sheet, Task
from .show import show
from .verdicts import Verdicts

__all__ = ["Exercise", "Hint", "Sheet", "Task", "Verdicts", "exercise", "says", "show"]
