"""The facets of the campaign as types: what one capability writes and the next one reads."""

from typing import Annotated

from pydantic import Field

from flexes.envelope.model import Count, Model, Name, Number, Text


class Benefit(Model, frozen=True):
    """One reason to buy: a clause, a headline, and what customers say when they mean it."""

    theme: Name
    says: Text
    headline: Text
    listen_for: Annotated[tuple[Text, ...], Field(min_length=1)]


class Channel(Model, frozen=True):
    """Where copy appears; `max_length` counts code points."""

    max_length: Count


class Brief(Model, frozen=True):
    """What the client wants said, to whom, and what must or must not be in it.

    Attributes:
        min_readability: Flesch reading ease; 60 and above is plain English.
    """

    brand: Name
    product: Text
    model: Text
    audience: Text
    url: Text
    offer: Text
    call_to_action: Text
    disclosure: Text
    brand_terms: tuple[Text, ...] = ()
    forbidden_claims: tuple[Text, ...] = ()
    channels: Annotated[dict[Name, Channel], Field(min_length=1)]
    max_sentence_words: Count = 20
    min_readability: Annotated[float, Field(strict=True, gt=0)] = 60.0
    benefits: Annotated[tuple[Benefit, ...], Field(min_length=1)]


class Insights(Model, frozen=True):
    """What the interviews came to: how many people spoke of each theme, most first."""

    interviews: Count
    mentions: dict[Name, Count]


class Copy(Model, frozen=True):
    """A piece of copy; `by` is the writer's style, `changes` what an editor did to it."""

    headline: Text
    body: Text
    call_to_action: Text
    by: Text
    changes: tuple[Text, ...] = ()


class Issue(Model, frozen=True):
    """One fault that the reviewer found: which rule, what was found, what the brief wants."""

    rule: Name
    found: Text
    wanted: Text


class Review(Model, frozen=True):
    """The reviewer's measures; `score` is 0 to 1."""

    score: Number
    readability: Number
    longest_sentence: Count
    length: Count
    issues: tuple[Issue, ...] = ()


class Translation(Model, frozen=True):
    """Copy in another language; sentences that the memory lacks stay as they were and are listed."""

    language: Name
    headline: Text
    body: Text
    call_to_action: Text
    untranslated: tuple[Text, ...] = ()
