"""What STOP, START and HELP are, and what is answered to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from modemgw.config.fields import Section, Strings, check_brand
from modemgw.consent.keywords import own_words
from modemgw.consent.replies import Replies, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.consent.reading import OwnWords

Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
Answer = Annotated[str, Field(min_length=1, max_length=200)] | None
Words = Annotated[Strings, Field(max_length=100)]


class AnswersSection(Section):
    """Answers in one language, each one SMS of GSM-7; "{brand}" stands for the brand."""

    opted_out: Answer = Field(None, description="The one confirmation of a STOP.")
    opted_in: Answer = Field(None, description="To START.")
    help: Answer = Field(None, description="To HELP.")
    consent: Answer = Field(
        None, description="The question whether somebody wants texts (`gate.double_opt_in`)."
    )

    def by_reply(self) -> dict[Reply, str]:
        """Those that are given."""
        return {Reply(name): text for name, text in self.model_dump(exclude_none=True).items()}


def _by_language(texts: Mapping[str, AnswersSection]) -> dict[str, dict[Reply, str]]:
    return {language: answers.by_reply() for language, answers in texts.items()}


class RepliesSection(Section):
    """The automatic answers to STOP, START and HELP."""

    brand: Annotated[str, AfterValidator(check_brand)] = Field(
        "SMS service", max_length=40, description="Who is answering."
    )
    language: str = Field(
        "en", pattern=r"^[a-z]{2}$", description="Their language, where the keyword shows none."
    )
    texts: dict[Language, AnswersSection] = Field(
        {}, description="Other words than those that come with the program, by language."
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        self.replies({})
        return self

    def replies(self, pools: Mapping[str, PoolRepliesSection]) -> Replies:
        """The answers. Raises ValueError for one that does not fit into an SMS."""
        return Replies(
            self.brand,
            _by_language(self.texts),
            self.language,
            {name: section.replies(self) for name, section in pools.items()},
        )


class PoolRepliesSection(Section):
    """The automatic answers on lines of a pool, where they differ from `[replies]`."""

    brand: Annotated[str, AfterValidator(check_brand)] | None = Field(
        None, max_length=40, description="Who is answering."
    )
    language: Language | None = Field(
        None, description="Their language, where the keyword shows none."
    )
    texts: dict[Language, AnswersSection] = Field({}, description="Other words, by language.")

    def replies(self, others: RepliesSection) -> Replies:
        """The pool's answers; what it does not say is as elsewhere. Raises ValueError for one that
        does not fit into an SMS.
        """
        texts = _by_language(others.texts)
        for language, own in _by_language(self.texts).items():
            texts[language] = {**texts.get(language, {}), **own}
        return Replies(self.brand or others.brand, texts, self.language or others.language)


class KeywordsSection(Section):
    """Keywords besides those that come with the program, each a whole message."""

    opt_out: Words = Field([], description="They count as STOP.")
    opt_in: Words = Field([], description="They count as START, of who has opted out.")
    help: Words = Field([], description="They count as HELP.")

    @model_validator(mode="after")
    def _mean_nothing_else(self) -> Self:
        self.words()
        return self

    def words(self) -> OwnWords:
        """As the recognition has them. Raises ValueError for one that means something else."""
        return own_words(self.opt_out, self.opt_in, self.help)
