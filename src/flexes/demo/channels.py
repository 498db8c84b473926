"""Putting copy where it appears: translated by a memory of sentences, and set for LinkedIn and for email."""

from collections.abc import Mapping
from typing import Any

from flexes.demo.documents import Brief, Copy, Review, Translation
from flexes.demo.measures import sentences

MAX_SUBJECT = 60
"""Characters of a subject line that phones show."""


def translated(copy: Copy, memory: Mapping[str, str], language: str) -> Translation:
    """Return the copy sentence by sentence from the memory; what it lacks stays as it was and is listed."""
    body = sentences(copy.body)
    everything = (copy.headline, *body, copy.call_to_action)
    return Translation(
        language=language,
        headline=memory.get(copy.headline, copy.headline),
        body=" ".join(memory.get(sentence, sentence) for sentence in body),
        call_to_action=memory.get(copy.call_to_action, copy.call_to_action),
        untranslated=tuple(sentence for sentence in everything if sentence not in memory),
    )


def linkedin_post(copy: Copy, brief: Brief) -> dict[str, Any]:
    """Return the post, marked as an advertisement: a headline, a line for each sentence, a link."""
    lines = "\n".join(sentences(copy.body))
    text = f"{copy.headline}\n\n{lines}\n\n{copy.call_to_action}: {brief.url} #ad"
    return {"channel": "linkedin", "text": text, "length": len(text)}


def email(copy: Copy, brief: Brief) -> dict[str, Any]:
    """Return the mail: a subject that phones show in full, a greeting, the copy, a link."""
    short = len(copy.headline) <= MAX_SUBJECT
    subject = copy.headline if short else copy.headline[: MAX_SUBJECT - 1].rstrip() + "…"
    text = f"Hello,\n\n{copy.body}\n\n{copy.call_to_action}: {brief.url}\n\nYour {brief.brand} team"
    return {"channel": "email", "subject": subject, "text": text, "length": len(text)}


def packaged(
    review: Review, post: Mapping[str, Any], mail: Mapping[str, Any], german: Translation, brief: Brief
) -> dict[str, Any]:
    """Return the campaign as it would be published, with the score that it was released under."""
    return {
        "brand": brief.brand,
        "score": review.score,
        "readability": review.readability,
        "linkedin": post["text"],
        "email": {"subject": mail["subject"], "text": mail["text"]},
        "german": {"headline": german.headline, "body": german.body, "callToAction": german.call_to_action},
        "untranslated": list(german.untranslated),
    }
