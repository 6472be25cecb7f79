"""The exceptions. Each message names the argument, what came and what was expected."""


class FastAttnError(Exception):
    """Base of every error this package raises; raised itself for faults that are not an argument's."""


class ShapeError(FastAttnError, ValueError):
    """A rank, an extent or a stride does not fit the others."""


class ArgumentError(FastAttnError, ValueError):
    """A number is out of range or NaN, a word is unknown, memory overlaps, or choices contradict each other."""


class DTypeError(FastAttnError, TypeError):
    """An array or a number is of a type the function does not take."""
