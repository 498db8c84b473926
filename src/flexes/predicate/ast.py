"""The one form that every `when` is brought to, whatever its spelling.

1. `and` and `or` have at least two tests and are never directly inside their own kind.
2. A shorthand is spelt out: `{"x": 1}` and a bare `x` compare, `$exists: false` is a `not`, `==` is `=`.
3. Paths are in canonical spelling; a number without fraction is an integer.

The models are stored with a run's policies: add fields, never rename.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from flexes.envelope.model import Model
from flexes.envelope.paths import WILDCARD, Path, parse_path, print_path
from flexes.errors import PredicateError

MAX_SAFE_INTEGER: Final = 2**53 - 1

Order: TypeAlias = Literal["<", "<=", ">", ">="]
Operator: TypeAlias = Literal["<", "<=", ">", ">=", "=", "!="]
ORDERS: Final = frozenset({"<", "<=", ">", ">="})


def plain_number(value: object) -> object:
    """Return a float that is a whole number within the safe range as an integer, anything else as it is."""
    if type(value) is float and value.is_integer() and abs(value) <= MAX_SAFE_INTEGER:
        return int(value)
    return value


def stored_path(text: str) -> Path:
    """Return the path of a leaf, whatever limits it was accepted under."""
    return parse_path(text, max_chars=10_000_000, max_segments=1_000_000)


def _canonical_path(text: str) -> str:
    try:
        return print_path(stored_path(text))
    except PredicateError as error:
        raise ValueError(str(error.problem)) from None


def _stored_literal(value: object) -> object:
    # an integer that is too large would otherwise pass as a float, rounded
    if type(value) is int and abs(value) > MAX_SAFE_INTEGER:
        raise ValueError("an integer literal is at most 2^53-1 either way")
    return plain_number(value)


PathText = Annotated[str, AfterValidator(_canonical_path)]
Whole = Annotated[int, Field(strict=True, ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
Scalar = Annotated[
    Annotated[bool, Field(strict=True)]
    | Whole
    | Annotated[float, Field(strict=True)]
    | Annotated[str, Field(strict=True)]
    | None,
    BeforeValidator(_stored_literal),
]


class _Literal(Model, frozen=True):
    """A leaf with a literal: equal only with the same type of literal, since in Python `True == 1`."""

    # None is also the default, so that a dump that leaves out nulls loads back
    value: Scalar = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, _Literal) or type(self.value) is not type(other.value):
            return False
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash((type(self), type(self.value), *self.__dict__.values()))


class Compare(_Literal, frozen=True):
    """The value at the path against a literal."""

    type: Literal["compare"] = "compare"
    path: PathText
    op: Operator

    @model_validator(mode="after")
    def _fits(self) -> "Compare":
        if self.op in ORDERS and (isinstance(self.value, bool) or not isinstance(self.value, int | float)):
            raise ValueError(f"{self.op} compares with a number")
        _refuse_wildcard(self.path)
        return self


class Exists(Model, frozen=True):
    """The path leads to a value that is not null."""

    type: Literal["exists"] = "exists"
    path: PathText

    @model_validator(mode="after")
    def _fits(self) -> "Exists":
        _refuse_wildcard(self.path)
        return self


class NonEmpty(Model, frozen=True):
    """The list, object or string at the path has something in it."""

    type: Literal["nonEmpty"] = "nonEmpty"
    path: PathText


class Includes(_Literal, frozen=True):
    """The list at the path has an element equal to the literal."""

    type: Literal["includes"] = "includes"
    path: PathText


class Count(Model, frozen=True):
    """The size of the list or object at the path against a number."""

    type: Literal["count"] = "count"
    path: PathText
    op: Operator
    value: Annotated[int, Field(strict=True, ge=0, le=MAX_SAFE_INTEGER)]


class Not(Model, frozen=True):
    """The opposite of a test; missing stays missing and mistyped stays mistyped."""

    type: Literal["not"] = "not"
    test: "When"


class And(Model, frozen=True):
    """Every test holds."""

    type: Literal["and"] = "and"
    tests: Annotated[tuple["When", ...], Field(min_length=2)]


class Or(Model, frozen=True):
    """At least one test holds."""

    type: Literal["or"] = "or"
    tests: Annotated[tuple["When", ...], Field(min_length=2)]


Leaf: TypeAlias = Compare | Exists | NonEmpty | Includes | Count
When: TypeAlias = Annotated[
    And | Or | Not | Compare | Exists | NonEmpty | Includes | Count, Field(discriminator="type")
]

for _model in (Not, And, Or):
    _model.model_rebuild()


def all_of(tests: Iterable[When]) -> When:
    """Return the conjunction of one or more tests, flattened; of a single one, that test."""
    flat = tuple(part for test in tests for part in (test.tests if isinstance(test, And) else (test,)))
    return flat[0] if len(flat) == 1 else And(tests=flat)


def any_of(tests: Iterable[When]) -> When:
    """Return the disjunction of one or more tests, flattened; of a single one, that test."""
    flat = tuple(part for test in tests for part in (test.tests if isinstance(test, Or) else (test,)))
    return flat[0] if len(flat) == 1 else Or(tests=flat)


def leaves_of(ast: When) -> Iterator[Leaf]:
    """Yield the leaves in the order in which they are written."""
    match ast:
        case And() | Or():
            for test in ast.tests:
                yield from leaves_of(test)
        case Not():
            yield from leaves_of(ast.test)
        case _:
            yield ast


def depth_of(ast: When) -> int:
    """Return how many and / or / not are nested above the deepest leaf."""
    match ast:
        case And() | Or():
            return 1 + max(depth_of(test) for test in ast.tests)
        case Not():
            return 1 + depth_of(ast.test)
        case _:
            return 0


def _refuse_wildcard(path: str) -> None:
    if WILDCARD in stored_path(path).segments:
        raise ValueError(f"{path}: [*] is only for includes, nonEmpty and count")
