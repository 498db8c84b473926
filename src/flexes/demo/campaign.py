"""The campaign as an application: what `flexes run envelope.yaml --app flexes.demo.campaign:registry` needs.

The capabilities really do their work on the text, offline and without a model. Three things stand in for the
outside world: prices, the interviews (a shipped file), and the time of the slow translator, which is waited for.
"""

import asyncio
from typing import Any, Final

from flexes.demo.channels import email, linkedin_post, packaged, translated
from flexes.demo.documents import Brief, Copy, Insights, Issue, Review, Translation
from flexes.demo.material import read_brief, shipped, voices
from flexes.demo.research import heard
from flexes.demo.reviewing import reviewed
from flexes.demo.writing import drafted, edited
from flexes.policy.signal import Validation
from flexes.shell.registry import CapabilityRegistry, NodeContext, NodeResult

PRICE_PER_INTERVIEW: Final = 0.03
SLOW_TRANSLATOR_S: Final = 0.9

registry = CapabilityRegistry()
registry.facet("qa", schema={"type": "object", "required": ["score", "readability", "issues"]})
registry.facet("linkedin", schema={"type": "object", "required": ["channel", "text"]})


@registry.capability("read-brief", kind="structuring", inputs=["briefFile"], outputs=["brief"])
def _read_brief(ctx: NodeContext) -> dict[str, Any]:
    return {"brief": read_brief(ctx.inputs["briefFile"]).wire()}


@registry.capability("interviews", kind="structuring", inputs=["brief"], outputs=["insights"], cost=0.40)
def _interviews(ctx: NodeContext) -> NodeResult:
    found = heard(voices(), _brief(ctx))
    return NodeResult({"insights": found.wire()}, cost=round(found.interviews * PRICE_PER_INTERVIEW, 2))


@registry.capability(
    "copywriter", inputs=["brief", "insights"], outputs=["copy"], cost=0.60, fallbacks=["copywriter.quick"]
)
def _copywriter(ctx: NodeContext) -> dict[str, Any]:
    return {"copy": drafted(_brief(ctx), _insights(ctx), "studio").wire()}


@registry.capability("copywriter.quick", inputs=["brief", "insights"], outputs=["copy"], cost=0.05)
def _quick_copywriter(ctx: NodeContext) -> dict[str, Any]:
    return {"copy": drafted(_brief(ctx), _insights(ctx), "quick").wire()}


@registry.capability("editor", inputs=["brief", "copy"], outputs=["copy"], cost=0.12, tags=["rewrite"])
def _editor(ctx: NodeContext) -> dict[str, Any]:
    written = ctx.previous["outputs"]["copy"] if ctx.previous else ctx.inputs["copy"]
    issues = tuple(Issue.model_validate(issue) for issue in ctx.inputs.get("qa", {}).get("issues", ()))
    return {"copy": edited(Copy.model_validate(written), issues, _brief(ctx)).wire()}


@registry.capability("reviewer", kind="validation", inputs=["brief", "copy"], outputs=["qa"], cost=0.02)
def _reviewer(ctx: NodeContext) -> NodeResult:
    review = reviewed(_copy(ctx), _brief(ctx))
    metrics = {"score": review.score, "readability": review.readability}
    issues = tuple(f"{issue.rule}: {issue.found}, wanted {issue.wanted}" for issue in review.issues)
    return NodeResult({"qa": review.wire()}, metrics, validation=Validation(ok=not issues, issues=issues))


@registry.capability(
    "translator",
    kind="transformation",
    inputs=["copy"],
    outputs=["german"],
    cost=0.20,
    latency_ms=500,
    tags=["translation"],
    fallbacks=["translator.fast"],
)
async def _translator(ctx: NodeContext) -> dict[str, Any]:
    await asyncio.sleep(SLOW_TRANSLATOR_S)
    return _german(ctx)


@registry.capability(
    "translator.fast",
    kind="transformation",
    inputs=["copy"],
    outputs=["german"],
    cost=0.06,
    latency_ms=40,
    tags=["translation"],
)
def _fast_translator(ctx: NodeContext) -> dict[str, Any]:
    return _german(ctx)


@registry.capability(
    "linkedin-post", kind="transformation", inputs=["brief", "copy", "qa"], outputs=["linkedin"], cost=0.01
)
def _linkedin_post(ctx: NodeContext) -> dict[str, Any]:
    return {"linkedin": linkedin_post(_copy(ctx), _brief(ctx))}


@registry.capability("mail", kind="transformation", inputs=["brief", "copy", "qa"], outputs=["email"], cost=0.01)
def _mail(ctx: NodeContext) -> dict[str, Any]:
    return {"email": email(_copy(ctx), _brief(ctx))}


@registry.capability(
    "package", kind="transformation", inputs=["brief", "qa", "linkedin", "email", "german"], outputs=["campaign"]
)
def _package(ctx: NodeContext) -> dict[str, Any]:
    review, german = Review.model_validate(ctx.inputs["qa"]), Translation.model_validate(ctx.inputs["german"])
    return {"campaign": packaged(review, ctx.inputs["linkedin"], ctx.inputs["email"], german, _brief(ctx))}


def _brief(ctx: NodeContext) -> Brief:
    return Brief.model_validate(ctx.inputs["brief"])


def _copy(ctx: NodeContext) -> Copy:
    return Copy.model_validate(ctx.inputs["copy"])


def _insights(ctx: NodeContext) -> Insights:
    return Insights.model_validate(ctx.inputs["insights"])


def _german(ctx: NodeContext) -> dict[str, Any]:
    return {"german": translated(_copy(ctx), shipped("texts/german.yaml"), "de").wire()}
