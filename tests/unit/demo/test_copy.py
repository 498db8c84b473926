"""What the writers, the reviewer and the editor do to the shipped brief."""

import pytest

from flexes.demo.channels import email, linkedin_post, translated
from flexes.demo.documents import Brief, Copy, Insights
from flexes.demo.material import read_brief, shipped, voices
from flexes.demo.research import heard
from flexes.demo.reviewing import WEIGHTS, reviewed
from flexes.demo.writing import drafted, edited
from flexes.errors import NodeError


@pytest.fixture
def brief() -> Brief:
    """Return the shipped brief."""
    return read_brief("brief.yaml")


@pytest.fixture
def insights(brief: Brief) -> Insights:
    """Return what the shipped interviews say about it."""
    return heard(voices(), brief)


def test_the_interviews_are_counted(brief: Brief, insights: Insights) -> None:
    """A theme counts the people who speak of it; the theme of most people comes first."""
    assert insights.interviews == 26
    assert next(iter(insights.mentions)) == "parking"
    one = heard(["The fine cost more than parking", "Sunny today"], brief)
    assert (one.mentions["parking"], one.mentions["cost"], one.mentions["hiring"]) == (1, 1, 0)


def test_what_most_people_said_leads(brief: Brief) -> None:
    """The first benefit in the copy is the one that the interviews put first, not the first of the brief."""
    hiring = Insights(interviews=3, mentions={"hiring": 3})
    assert "driving licence" in drafted(brief, hiring, "studio").body
    assert drafted(brief, hiring, "studio").headline == "No licence needed"


def test_the_studio_writes_well(brief: Brief, insights: Insights) -> None:
    """Nothing is objected to in the dear writer's copy, so that only the budget explains the rewrite."""
    review = reviewed(drafted(brief, insights, "studio"), brief)
    assert (review.score, review.issues) == (1.0, ())


def test_the_quick_draft_is_refused_for_what_it_is(brief: Brief, insights: Insights) -> None:
    """The cheap writer breaks exactly four rules, and its score is what the weights say."""
    review = reviewed(drafted(brief, insights, "quick"), brief)
    rules = [issue.rule for issue in review.issues]
    assert rules == ["readability", "forbidden_claim", "sentence_length", "disclosure"]
    partly = 0.3 * review.readability / brief.min_readability + 0.2 * 20 / review.longest_sentence
    assert review.score == round(partly + WEIGHTS["brand_term"] + WEIGHTS["length"], 2)


def test_the_editor_works_off_the_issues(brief: Brief, insights: Insights) -> None:
    """The edited copy breaks no rule, keeps every benefit of the draft, and says what was done to it."""
    draft = drafted(brief, insights, "quick")
    better = edited(draft, reviewed(draft, brief).issues, brief)
    assert reviewed(better, brief).issues == ()
    assert all(benefit.says[5:] in better.body for benefit in brief.benefits[:3])
    assert len(better.changes) == 4
    assert edited(draft, reviewed(draft, brief).issues, brief) == better


def test_the_editor_leaves_alone_what_nobody_objected_to(brief: Brief, insights: Insights) -> None:
    """Without issues the text stays as it is."""
    draft = drafted(brief, insights, "quick")
    assert edited(draft, (), brief).body == draft.body


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"brand_terms": ("Nordwind",)}, "brand_term"),
        ({"channels": {"sms": {"max_length": 50}}}, "length"),
        ({"forbidden_claims": ("MONTHLY",)}, "forbidden_claim"),
    ],
)
def test_each_rule_of_the_reviewer(brief: Brief, insights: Insights, changes: dict[str, object], rule: str) -> None:
    """A brief that asks for something else finds its own fault in the same good copy."""
    other = Brief.model_validate({**brief.model_dump(), **changes})
    assert [issue.rule for issue in reviewed(drafted(brief, insights, "studio"), other).issues] == [rule]


def test_every_sentence_of_the_campaign_is_in_the_memory(brief: Brief, insights: Insights) -> None:
    """Both copies that may be published are translated in full; an unknown sentence stays and is listed."""
    memory = shipped("texts/german.yaml")
    draft = drafted(brief, insights, "quick")
    for copy in (drafted(brief, insights, "studio"), edited(draft, reviewed(draft, brief).issues, brief)):
        assert translated(copy, memory, "de").untranslated == ()
    odd = Copy(headline="Hello", body="Terms apply.", call_to_action="Go", by="test")
    assert translated(odd, memory, "de").body == "Es gelten die Bedingungen."
    assert translated(odd, memory, "de").untranslated == ("Hello", "Go")


def test_channels(brief: Brief) -> None:
    """A post is marked as an advertisement and knows its channel; a subject fits on a phone."""
    copy = Copy(headline="H" * 80, body="One. Two.", call_to_action="Go", by="test")
    post = linkedin_post(copy, brief)
    assert post["text"].endswith("#ad")
    assert (post["channel"], post["length"]) == ("linkedin", len(post["text"]))
    assert len(email(copy, brief)["subject"]) == 60


def test_a_brief_that_is_none_fails_its_node_with_every_fault() -> None:
    """A file that is missing or no brief is a node failure that names the file or the keys."""
    with pytest.raises(NodeError, match=r"nowhere\.yaml"):
        read_brief("nowhere.yaml")
    with pytest.raises(NodeError, match="disclosure"):
        read_brief("envelope.yaml")
