"""Composing copy from a brief: two styles of one writer, and an editor that works off the reviewer's issues."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from flexes.demo.documents import Brief, Copy, Insights, Issue
from flexes.demo.material import shipped
from flexes.demo.measures import phrases_in, sentences

JOINT: Final = "; and "
"""What the quick writer strings clauses together with, and the editor takes apart."""


def ordered_benefits(brief: Brief, insights: Insights) -> list[Any]:
    """Return the brief's benefits, the theme that most people spoke of first; ties as in the brief."""
    return sorted(brief.benefits, key=lambda benefit: -insights.mentions.get(benefit.theme, 0))


def drafted(brief: Brief, insights: Insights, style: str) -> Copy:
    """Return copy in one of the shipped styles: `studio` in short sentences, `quick` in one breath."""
    phrases = shipped("texts/phrases.yaml")[style]
    benefits = ordered_benefits(brief, insights)
    terms = {**brief.model_dump(include=set(_TERMS)), "top_headline": benefits[0].headline}
    opening, closing = phrases["opening"].format(**terms), phrases["closing"].format(**terms)
    clauses = [benefit.says for benefit in benefits[: phrases["benefits"]]]
    joined = _in_one_breath if style == "quick" else _sentence_by_sentence
    return Copy(
        headline=phrases["headline"].format(**terms),
        body=joined(opening, clauses, closing),
        call_to_action=brief.call_to_action,
        by=style,
    )


def edited(copy: Copy, issues: tuple[Issue, ...], brief: Brief) -> Copy:
    """Return the copy with every issue worked off that the editor has a remedy for; `changes` lists them."""
    changes: list[str] = []
    for rule in dict.fromkeys(issue.rule for issue in issues):
        remedy = REMEDIES.get(rule)
        if remedy is not None:
            found = tuple(issue.found for issue in issues if issue.rule == rule)
            copy, change = remedy(copy, found, brief)
            changes.append(change)
    return copy.model_copy(update={"by": "editor", "changes": tuple(changes)})


_TERMS: Final = ("brand", "product", "model", "audience", "offer", "disclosure")
Remedy = Callable[[Copy, tuple[str, ...], Brief], tuple[Copy, str]]


def _in_one_breath(opening: str, clauses: list[str], closing: str) -> str:
    return JOINT.join([opening, *clauses, closing]) + "."


def _sentence_by_sentence(opening: str, clauses: list[str], closing: str) -> str:
    return " ".join([opening, *(_as_sentence(clause) for clause in clauses), closing])


def _as_sentence(clause: str) -> str:
    clause = clause.strip(" .")
    return f"{clause[:1].upper()}{clause[1:]}."


def _split(copy: Copy, _found: tuple[str, ...], _brief: Brief) -> tuple[Copy, str]:
    parts = [part for sentence in sentences(copy.body) for part in sentence.split(JOINT)]
    body = " ".join(_as_sentence(part) for part in parts)
    return copy.model_copy(update={"body": body}), f"took one sentence apart into {len(parts)}"


def _simplified(copy: Copy, _found: tuple[str, ...], _brief: Brief) -> tuple[Copy, str]:
    phrases = shipped("texts/phrases.yaml")
    swaps = {**dict.fromkeys(phrases["fillers"], ""), **phrases["plainWords"]}
    headline, body = _replaced(copy.headline, swaps), _replaced(copy.body, swaps)
    used = sum(hard.casefold() in f"{copy.headline}\n{copy.body}".casefold() for hard in swaps)
    return copy.model_copy(update={"headline": headline, "body": body}), f"put {used} phrases in plain words"


def _replaced(text: str, swaps: Mapping[str, str]) -> str:
    for hard, plain in swaps.items():
        text = re.sub(re.escape(hard), plain, text, flags=re.IGNORECASE)
    return f"{text[:1].upper()}{text[1:]}"


def _without_claims(copy: Copy, found: tuple[str, ...], _brief: Brief) -> tuple[Copy, str]:
    clauses = [clause for sentence in sentences(copy.body) for clause in sentence.split(JOINT)]
    kept = [clause for clause in clauses if not phrases_in(clause, found)]
    body = " ".join(_as_sentence(clause) for clause in kept)
    return copy.model_copy(update={"body": body}), f"took out the claim {', '.join(map(repr, found))}"


def _disclosed(copy: Copy, _found: tuple[str, ...], brief: Brief) -> tuple[Copy, str]:
    return copy.model_copy(update={"body": f"{copy.body} {brief.disclosure}"}), f"added {brief.disclosure!r}"


def _branded(copy: Copy, found: tuple[str, ...], _brief: Brief) -> tuple[Copy, str]:
    names = ", ".join(found)
    return copy.model_copy(update={"headline": f"{names}: {copy.headline}"}), f"named {names} in the headline"


REMEDIES: Final[Mapping[str, Remedy]] = {
    "forbidden_claim": _without_claims,
    "readability": _simplified,
    "sentence_length": _split,
    "disclosure": _disclosed,
    "brand_term": _branded,
}
"""What the editor does about each rule of the reviewer; copy that is too long has no remedy but a shorter brief."""
