"""The summary of a fitted module: what was minimised, how it ended, and its parameters by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..outputs.text import aligned, plain, printable

if TYPE_CHECKING:
    from .classifier import ModuleClassifier


class ModuleSummary:
    """A fitted :class:`ModuleClassifier` as a table. ``str()`` gives text for a terminal, :meth:`to_dict` plain data.

    Parameters
    ----------
    fitted : ModuleClassifier
    """

    def __init__(self, fitted: ModuleClassifier) -> None:
        self.fitted = fitted

    @property
    def parameters(self) -> dict[str, tuple[int, ...]]:
        """Shape of each parameter, by name."""
        return {name: tuple(parameter.shape) for name, parameter in self.fitted.module_.named_parameters()}

    @property
    def size(self) -> int:
        """Numbers in all parameters."""
        return sum(parameter.numel() for parameter in self.fitted.module_.parameters())

    def to_dict(self) -> dict[str, Any]:
        """Everything in the text, as numbers, text and lists that JSON can hold."""
        fitted, certificate = self.fitted, self.fitted.certificate_
        return {
            "kind": type(fitted.module_).__name__,
            "classes": fitted.classes_.tolist(),
            "penalty": self._penalty(),
            "solver": fitted.why_solver_,
            "n_iter": int(fitted.n_iter_[0]),
            "status": certificate.status.word,
            "advice": certificate.status.value,
            "certified": False,
            "objective": plain(certificate.value),
            "parameters": {name: list(shape) for name, shape in self.parameters.items()},
            "size": self.size,
        }

    def __str__(self) -> str:
        """The summary as text."""
        fitted, certificate = self.fitted, self.fitted.certificate_
        cells = [["", "shape", "numbers"]]
        for name, parameter in fitted.module_.named_parameters():
            cells.append([printable(name), " x ".join(map(str, parameter.shape)), f"{parameter.numel():,}"])
        return "\n".join(
            [
                f"{type(fitted.module_).__name__} for {len(fitted.classes_)} classes on {fitted.n_features_in_} columns,"
                f" {self.size:,} parameters",
                f"  objective    mean log loss, {self._penalty()}",
                f"  solver       {fitted.why_solver_}; {int(fitted.n_iter_[0])} iterations",
                f"  status       {certificate.status.word}: {certificate.status.value}",
                f"  certificate  {certificate.kind}; F = {certificate.value:.10g}",
                "",
                *aligned(cells),
            ]
        )

    def _penalty(self) -> str:
        return f"L2 penalty, alpha={self.fitted.alpha:.6g}, on weights" if self.fitted.alpha else "no penalty"
