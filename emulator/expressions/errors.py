"""What is wrong with an expression: when it is compiled, and when it is evaluated."""

from __future__ import annotations


class ExpressionError(ValueError):
    """A text that is no expression; `offset` says where in the text, `hint` what to do."""

    def __init__(self, message: str, offset: int = 0, hint: str | None = None) -> None:
        """Remember the place and the hint beside the message."""
        super().__init__(message)
        self.offset = offset
        self.hint = hint


class EvaluationError(Exception):
    """An expression that has no value for these operands; its text says why."""


class BudgetError(EvaluationError):
    """An expression that asked for more steps, or for larger values, than one evaluation gets."""
