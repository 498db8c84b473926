"""The reviewer: measures copy against its brief and says what is wrong, without a model and without taste.

| rule | weight | full marks |
|---|---|---|
| readability | 0.3 | Flesch reading ease at or above the brief's minimum; pro rata below |
| sentence_length | 0.2 | longest sentence within the brief's limit; pro rata above |
| forbidden_claim | 0.2 | none of the claims |
| disclosure | 0.1 | the disclosure, word for word |
| brand_term | 0.1 | every brand term |
| length | 0.1 | fits the tightest channel |
"""

from collections.abc import Iterator
from typing import Final

from flexes.demo.documents import Brief, Copy, Issue, Review
from flexes.demo.measures import longest_sentence, phrases_in, reading_ease

WEIGHTS: Final = {
    "readability": 0.3,
    "sentence_length": 0.2,
    "forbidden_claim": 0.2,
    "disclosure": 0.1,
    "brand_term": 0.1,
    "length": 0.1,
}


def reviewed(copy: Copy, brief: Brief) -> Review:
    """Return the measures of the copy; the same copy and brief always get the same review."""
    issues = tuple(_issues(copy, brief))
    broken = {issue.rule for issue in issues}
    marks = {rule: _mark(rule, copy, brief) if rule in broken else 1.0 for rule in WEIGHTS}
    return Review(
        score=round(sum(weight * marks[rule] for rule, weight in WEIGHTS.items()), 2),
        readability=reading_ease(copy.body),
        longest_sentence=longest_sentence(copy.body),
        length=len(text_of_copy(copy)),
        issues=issues,
    )


def text_of_copy(copy: Copy) -> str:
    """Return everything that a reader gets to see."""
    return f"{copy.headline}\n\n{copy.body}\n\n{copy.call_to_action}"


def _mark(rule: str, copy: Copy, brief: Brief) -> float:
    """Return the marks for a broken rule, 0 to 1."""
    match rule:
        case "readability":
            return max(reading_ease(copy.body), 0.0) / brief.min_readability
        case "sentence_length":
            return brief.max_sentence_words / longest_sentence(copy.body)
        case _:
            return 0.0


def _issues(copy: Copy, brief: Brief) -> Iterator[Issue]:
    text = text_of_copy(copy)
    ease, longest = reading_ease(copy.body), longest_sentence(copy.body)
    if ease < brief.min_readability:
        yield Issue(rule="readability", found=f"{ease:g}", wanted=f"at least {brief.min_readability:g}")
    for claim in phrases_in(text, brief.forbidden_claims):
        yield Issue(rule="forbidden_claim", found=claim, wanted="not a word of it")
    if longest > brief.max_sentence_words:
        wanted = f"at most {brief.max_sentence_words} words"
        yield Issue(rule="sentence_length", found=f"a sentence of {longest} words", wanted=wanted)
    if not phrases_in(text, [brief.disclosure]):
        yield Issue(rule="disclosure", found="none", wanted=repr(brief.disclosure))
    for term in brief.brand_terms:
        if term not in text:
            yield Issue(rule="brand_term", found=term, wanted="in the copy")
    yield from _too_long(text, brief)


def _too_long(text: str, brief: Brief) -> Iterator[Issue]:
    tightest = min(brief.channels.items(), key=lambda item: item[1].max_length)
    if len(text) > tightest[1].max_length:
        wanted = f"at most {tightest[1].max_length} for {tightest[0]}"
        yield Issue(rule="length", found=f"{len(text)} characters", wanted=wanted)
