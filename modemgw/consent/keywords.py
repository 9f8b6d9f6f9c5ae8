"""STOP, START and HELP: what an incoming text asks of us.

Theory of operation. A text is *read* once: folded, quotes and signatures cut away, cut into words,
slips of the fingers put right; harmless phrases ("bus stop") and doubtful ones ("cancel my
subscription") are masked out of it, so that what they hold says nothing further. Then the rules
of `_RULES` are asked in order, and the first that has an opinion decides; each gives the reason
that is kept with the event. The words that the rules look for are data (see `lexicon`).

A keyword that is all that is said decides by itself, and so does one that is the last sentence.
All else is weighed as a whole (see `weighing`), with what was found in it: what is certain is an
opt-out at once, what may be one is left to a person. Less is enough for a phrase that refuses in
few words, and where little else is said (see `_is_plain`).

An opt-out that is missed costs a lawsuit; one too many ends a conversation that the customer wanted
to go on. So what is not certain is *review*: delivered, flagged, marketing held meanwhile, and an
opt-out if nobody says otherwise within a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from modemgw.consent.folding import MARKS, QUESTION_END
from modemgw.consent.lexicon import Language, everywhere, sayings, version
from modemgw.consent.quotes import Reaction, reaction
from modemgw.consent.reading import (
    LINGUA_FRANCA,
    NO_OWN_WORDS,
    Clause,
    Match,
    OwnWords,
    Reading,
    Sender,
    read,
    unmarked,
)
from modemgw.consent.whole import openings, whole_keyword

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence, Set

# "YES" brings texts back only while the confirmation that speaks of it is fresh.
OPT_IN_SOON_S: Final = 24 * 3600.0

# Up to so many words, an opt-out and an opt-in word in one text contradict each other.
_SHORT_TEXT: Final = 6
# In words; hardly a slip parts or joins more.
_LONGEST_SLIP: Final = 2
# In letters; so long a word that is a slip of a keyword is hardly another word elsewhere.
_UNMISTAKABLE_SLIP: Final = 7

# Probabilities of a refusal: from where on a text is one; one with a phrase that refuses, in few
# words, and where little else is said; from where on a person must decide, and in fewer words than
# `_FEWEST_WEIGHED`; below which a keyword amid other talk is not even looked at. Chosen by the
# totals of the parts of the development set that were kept aside (docs/recognition.md has them).
_SURE: Final = 0.99
_SURE_OF_FEW: Final = 0.95
_BELIEVED: Final = 0.8
_POSSIBLE: Final = 0.15
_LIKELY: Final = 0.5
_UNLIKELY: Final = 0.02
# The share of the words that must have a weight, or the text may be in another language.
_MOSTLY: Final = 0.5
# In words, from how many on: a text weighs enough; and is too long for what was found in it to be
# most of it.
_FEWEST_WEIGHED: Final = 4
_FEWEST_IN_DOUBT: Final = 7
# Those of the texts that the weights were learned from.
_WEIGHED_LANGUAGES: Final = frozenset({"de", "en", "es", "fr", "it", "nl", "pl", "pt", "ru", "tr"})

# Classes of words that refuse by themselves; what is refused ("offers") may as well be asked for.
_REFUSING_CLASSES: Final = frozenset({"stop", "erase", "leave", "end", "enough"})

_TEXTING_CLASSES: Final = frozenset(
    {"messages", "texting", "contact", "send", "sending", "get", "list"}
)

_REFUSING_SYMBOLS: Final = frozenset("🛑⛔🚫")
_DISAPPROVING_SYMBOLS: Final = frozenset("👎🖕")


class Class(StrEnum):
    """What an incoming text asks of us."""

    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    REVIEW = "review"  # a person must decide; until then no marketing
    NONE = "none"


Scope: TypeAlias = Literal["all"]


@dataclass(frozen=True, slots=True)
class Classification:
    """What a text was taken for, and why.

    `reason` is for people: the rule, and the words that it found. `scope` is what the request
    covers; without further word, all. `everything`: it is a refusal in other words than a keyword,
    or a keyword of all texts (STOP ALL), and no configuration narrows it. `language` (ISO 639-1) is
    the one to answer in: the keyword's, else the one passed in. `normalised` is the text as the
    rules saw it, `version` that of the lexicon.
    """

    kind: Class
    reason: str
    scope: Scope = "all"
    everything: bool = True
    language: str | None = None
    normalised: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class _Verdict:
    kind: Class
    reason: str
    tongue: Language | None = None
    is_word: bool = False  # one keyword, and no refusal in plain language


_Rule: TypeAlias = "Callable[[Reading], _Verdict | None]"


def classify(
    text: str,
    *,
    country: str | None = None,
    language: str | None = None,
    opted_out: bool = False,
    last_outbound: Sequence[str] | str = (),
    since_optout_s: float | None = None,
    own: OwnWords = NO_OWN_WORDS,
) -> Classification:
    """Say what a whole incoming text (all its parts joined) asks of us.

    `country` (ISO 3166) is the line's and switches local keywords on; `language` (ISO 639-1) is
    the pool's and decides which language a shared keyword belongs to. `opted_out` is the sender's
    present state, `since_optout_s` the seconds since we confirmed it, None where unknown.
    `last_outbound` are our last texts to the sender, so that a quote of them is none of theirs.
    `own` are keywords besides those of the lexicon.
    """
    outbound = (last_outbound,) if isinstance(last_outbound, str) else last_outbound
    reading = read(text, Sender(country, language, opted_out, since_optout_s, own), outbound)
    verdict = _verdict(reading, _RULES)
    of_all = not everywhere().everything.isdisjoint(unmarked(reading.words))
    spoken = verdict.tongue.code if verdict.tongue is not None else None
    return Classification(
        kind=verdict.kind,
        reason=verdict.reason,
        everything=of_all or not verdict.is_word,
        language=spoken or language,
        normalised=" ".join(reading.words),
        version=version(),
    )


def _keyword(reason: str, keyword: str, tongue: Language) -> _Verdict:
    is_word = keyword.replace(" ", "") in tongue.whole or " " not in keyword
    return _Verdict(Class.OPT_OUT, reason, tongue, is_word)


def own_words(
    opt_out: Sequence[str] = (), opt_in: Sequence[str] = (), help_: Sequence[str] = ()
) -> OwnWords:
    """Read keywords that the operator adds; each counts as a whole message, as others do.

    They add to what comes with the program and take nothing from it. Raises ValueError for one
    that says nothing, that is of two lists, or that means something else already.
    """
    found: dict[str, Class] = {}
    for kind, texts in ((Class.OPT_OUT, opt_out), (Class.OPT_IN, opt_in), (Class.HELP, help_)):
        for text in texts:
            said = _said(text)
            if not said:
                raise ValueError(f"the keyword {text!r} has no letters or digits")
            if found.setdefault(said, kind) is not kind:
                raise ValueError(f"the keyword {text!r} stands in two lists")
            if (other := _meaning(text)) not in (kind, Class.NONE):
                raise ValueError(f"the keyword {text!r} means {other.value} already")
    return OwnWords(
        *(
            frozenset(said for said, meant in found.items() if meant is kind)
            for kind in (Class.OPT_OUT, Class.OPT_IN, Class.HELP)
        )
    )


def _said(text: str) -> str:
    return read(text, Sender(None, None, opted_out=False, since_optout_s=None), ()).core_text


def _meaning(text: str) -> Class:
    """What its words ask of us by the lexicon, of those who opted out or of others."""
    senders = (
        Sender(None, None, opted_out=False, since_optout_s=None),
        Sender(None, None, opted_out=True, since_optout_s=0.0),
    )
    rules = [rule for rule in _RULES if rule not in _BY_WEIGHT]
    meanings = (_verdict(read(text, sender, ()), rules).kind for sender in senders)
    return next((kind for kind in meanings if kind is not Class.NONE), Class.NONE)


def _verdict(reading: Reading, rules: Iterable[_Rule]) -> _Verdict:
    found = (verdict for rule in rules if (verdict := rule(reading)) is not None)
    return next(found, _Verdict(Class.NONE, "ordinary talk"))


def _symbols(reading: Reading) -> _Verdict | None:
    if reading.words:
        return None
    symbols = set(reading.folded)
    if symbols & _REFUSING_SYMBOLS:
        return _Verdict(Class.OPT_OUT, "a stop sign and nothing else")
    if symbols & _DISAPPROVING_SYMBOLS:
        return _Verdict(Class.REVIEW, "a sign of disapproval and nothing else")
    return _Verdict(Class.NONE, "no words of the sender's own")


def _has_refusing_symbol(reading: Reading) -> bool:
    return not _REFUSING_SYMBOLS.isdisjoint(reading.folded)


def _machine(reading: Reading) -> _Verdict | None:
    if (found := reading.machine) is None:
        return None
    return _Verdict(Class.NONE, f"automatic reply: {found.words}", found.tongue)


def _reaction(reading: Reading) -> _Verdict | None:
    found = reaction(reading.folded)
    if found is None:
        return None
    kind = Class.REVIEW if found is Reaction.DISLIKE else Class.NONE
    return _Verdict(kind, f"a {found} that quotes our text")


def _own_opt_out(reading: Reading) -> _Verdict | None:
    if reading.core_text not in reading.sender.own.opt_out:
        return None
    return _Verdict(Class.OPT_OUT, f"own keyword: {reading.core_text}", is_word=True)


def _own_opt_in_or_help(reading: Reading) -> _Verdict | None:
    own, said = reading.sender.own, reading.core_text
    if said in own.opt_in and reading.sender.opted_out:
        return _Verdict(Class.OPT_IN, f"own keyword: {said}")
    return _Verdict(Class.HELP, f"own keyword: {said}") if said in own.help else None


def _contradiction(reading: Reading) -> _Verdict | None:
    known = everywhere()
    said = unmarked(reading.masked.said)
    while said and said[0] in known.opt_in_soon:
        said = said[1:]  # a leading "yes" is an answer
    if len(said) > _SHORT_TEXT or known.opt_in_words.isdisjoint(said):
        return None
    for tongue in reading.tongues:
        consenting = tongue.opt_in | tongue.opt_in_soon
        refusals = [word for word in said if word in tongue.strong]
        consents = [word for word in said if word in consenting]
        if refusals and consents:
            both = f"{refusals[0]}, {consents[0]}"
            return _Verdict(Class.REVIEW, f"opt-out and opt-in in one: {both}", tongue)
    return None


def _opt_out_keyword(reading: Reading) -> _Verdict | None:
    found = openings(reading.core) or openings(("".join(reading.core),))
    if not found and MARKS.isdisjoint(reading.words[:-1]):
        found = openings(unmarked(reading.words))  # a keyword may begin or end with a filler
    for tongue in reading.tongues if found else ():
        if keyword := whole_keyword(found, tongue.whole, tongue):
            return _keyword(f"keyword: {keyword}", keyword, tongue)
    return None


def _local_keyword(reading: Reading) -> _Verdict | None:
    said = " ".join(dict.fromkeys(unmarked(reading.words)))
    country = reading.sender.country
    if said not in everywhere().refusals:
        return None
    for tongue in reading.tongues:
        if said in tongue.opt_out_words(country):
            return _keyword(f"keyword in {country}: {said}", said, tongue)
    return None


def _misspelt_keyword(reading: Reading) -> _Verdict | None:
    said = reading.core_text
    if said in everywhere().forms:
        return _Verdict(Class.REVIEW, f"a form of a keyword: {said}")
    if said in everywhere().neighbours or said in everywhere().keywords:
        return None
    meant = everywhere().keyword_slips.meant(said) if len(reading.core) <= _LONGEST_SLIP else []
    found = [
        (tongue, keyword)
        for tongue in (reading.tongues if meant else ())
        for keyword in meant
        if keyword in tongue.whole
    ]
    if not found:
        return None
    is_long = len(said) >= _UNMISTAKABLE_SLIP
    likely = [entry for entry in found if is_long or _may_be_spoken(entry[0], reading.sender)]
    tongue, keyword = (likely or found)[0]
    reason = f"misspelt keyword: {said} for {keyword}"
    if likely:
        return _keyword(reason, keyword, tongue)
    return _Verdict(Class.REVIEW, reason, tongue)  # or a word of the sender's own language


def _may_be_spoken(tongue: Language, sender: Sender) -> bool:
    is_here = sender.country is None or sender.country in tongue.countries
    return is_here or tongue.code in (sender.language, LINGUA_FRANCA)


def _opt_in(reading: Reading) -> _Verdict | None:
    if not reading.sender.opted_out:
        return None
    said = reading.core_text
    for tongue in reading.tongues:
        if said in tongue.opt_in:
            return _Verdict(Class.OPT_IN, f"keyword: {said}", tongue)
        if said in tongue.opt_in_soon:
            since = reading.sender.since_optout_s
            if since is not None and since <= OPT_IN_SOON_S:
                return _Verdict(Class.OPT_IN, f"keyword soon after the opt-out: {said}", tongue)
            return _Verdict(Class.REVIEW, f"{said!r}, but not soon after the opt-out", tongue)
    return None


def _help(reading: Reading) -> _Verdict | None:
    said = reading.core_text
    for tongue in reading.tongues if said in everywhere().help else ():
        if said in tongue.help:
            return _Verdict(Class.HELP, f"keyword: {said}", tongue)
    return None


def _refusal(reading: Reading) -> _Verdict | None:
    if (found := reading.refusal) is None:
        return None
    return _believed(
        reading, _Verdict(Class.OPT_OUT, f"refusal: {found.words}", found.tongue), found
    )


def _refusal_in_one(reading: Reading) -> _Verdict | None:
    if (found := reading.find_refusal_in_one()) is None:
        return None
    return _Verdict(Class.OPT_OUT, f"refusal without spaces: {found.words}", found.tongue)


def _believed(reading: Reading, verdict: _Verdict, refusal: Match) -> _Verdict:
    """Leave a refusal to a person where the text as a whole does not weigh enough for one."""
    if refusal.tongue.code not in _WEIGHED_LANGUAGES or _ends_with_keyword(reading):
        return verdict
    enough = _SURE_OF_FEW if _is_short(reading) else _SURE
    if _is_plain(reading):
        enough = _BELIEVED
    probability = reading.weight.probability
    if probability >= enough:
        return verdict
    what = "may be a refusal" if probability >= _LIKELY else "refusal in talk of something else"
    return _Verdict(Class.REVIEW, f"{what}: {refusal.words}", refusal.tongue)


def _ends_with_keyword(reading: Reading) -> bool:
    """Say whether the last sentence is a strong keyword, whatever is told before."""
    if not reading.clauses or reading.masked.said[-1:] == [QUESTION_END]:
        return False
    last = reading.clauses[-1]
    return last.stands_out(reading.shouted) and _is_keyword(last, reading)


def _is_plain(reading: Reading) -> bool:
    """Say whether little else is in a refusal: it is short and of texts, it begins with STOP in
    capitals, or ends with it, or it is STOP and a name.
    """
    if _is_short(reading) and _has(reading, _TEXTING_CLASSES):
        return True
    if not reading.clauses:
        return False
    first, last = reading.clauses[0], reading.clauses[-1]
    word, count = first.core[0], len(unmarked(reading.words))
    return (
        (word in reading.shouted and any(word in tongue.strong for tongue in reading.tongues))
        or _is_keyword(last, reading)
        or (count <= _FEWEST_WEIGHED and first.alone and _is_keyword(first, reading))
    )


def _is_short(reading: Reading) -> bool:
    """Say whether what was found in it may be most of it."""
    return len(unmarked(reading.words)) < _FEWEST_IN_DOUBT


def _is_keyword(clause: Clause, reading: Reading) -> bool:
    found = openings(clause.core)
    return any(whole_keyword(found, tongue.strong, tongue) for tongue in reading.tongues)


def _has(reading: Reading, classes: Set[str]) -> bool:
    """Say whether a word of one of these classes is in a text."""
    return any(not classes.isdisjoint(names) for names in reading.content.classes)


def _keyword_as_clause(reading: Reading) -> _Verdict | None:
    for clause in reading.clauses:
        found = openings(clause.core)
        for tongue in reading.tongues if found else ():
            known = tongue.clauses if clause.last else tongue.strong
            if keyword := whole_keyword(found, known, tongue):
                verdict = _keyword(f"keyword as a clause: {keyword}", keyword, tongue)
                return _believed(reading, verdict, Match(keyword, tongue))
    return None


def _shouted_keyword(reading: Reading) -> _Verdict | None:
    for clause in reading.clauses:
        for word in (clause.core[0], clause.core[-1]):
            if word not in reading.shouted:
                continue
            for tongue in reading.tongues:
                if word in tongue.strong:
                    verdict = _keyword(f"keyword in capitals: {word}", word, tongue)
                    return _believed(reading, verdict, Match(word, tongue))
    return None


def _doubtful_phrase(reading: Reading) -> _Verdict | None:
    if not reading.doubts:
        return None
    return _Verdict(Class.REVIEW, f"doubtful: {'; '.join(reading.doubts)}")


def _strong_word(reading: Reading) -> _Verdict | None:
    if (found := reading.find(sayings().strong)) is None:
        return None
    if _is_unlikely(reading, found):
        return None
    return _Verdict(Class.REVIEW, f"strong word in other talk: {found.words}", found.tongue)


def _weighs_like_a_refusal(reading: Reading) -> _Verdict | None:
    if reading.sender.opted_out:
        return None  # nothing is lost; and a wish to return weighs much like a refusal
    if reading.doubts or reading.find(sayings().opt_in):
        return None
    unclear = reading.find(sayings().unwilling) or reading.find(sayings().strong)
    said = unmarked(reading.masked.said)
    if len(said) == 1 or (unclear and len(said) < _FEWEST_IN_DOUBT):
        return None
    return _weighed(reading, _SURE, Class.OPT_OUT)


def _weighed(reading: Reading, likely: float, kind: Class) -> _Verdict | None:
    said, known = {reading.core_text, " ".join(unmarked(reading.words))}, everywhere()
    if said & known.keywords or said & known.neighbours or said & known.opt_in_words:
        return None  # what it means by itself is known
    weight = reading.weight
    if weight.probability < likely or not weight.heaviest:
        return None
    return _Verdict(kind, f"weighs like a refusal: {', '.join(weight.heaviest)}")


def _question_for_us(reading: Reading) -> _Verdict | None:
    if (found := reading.find(sayings().help)) is None:
        return None
    return _Verdict(Class.HELP, f"asks who we are, or for a person: {found.words}", found.tongue)


def _unwilling(reading: Reading) -> _Verdict | None:
    if (found := reading.find(sayings().unwilling)) is None:
        return None
    if not _is_short(reading) and _is_unlikely(reading, found):
        return None
    return _Verdict(Class.REVIEW, f"unwilling: {found.words}", found.tongue)


def _is_unlikely(reading: Reading, found: Match) -> bool:
    """Say whether a text is hardly a refusal, whatever was found in it."""
    weight = reading.weight
    is_learned = found.tongue.code in _WEIGHED_LANGUAGES and weight.known >= _MOSTLY
    return is_learned and weight.probability < _UNLIKELY


def _wish_to_return(reading: Reading) -> _Verdict | None:
    if not reading.sender.opted_out:
        return None
    if (found := reading.find(sayings().opt_in)) is None:
        return None
    return _Verdict(Class.REVIEW, f"may want texts again: {found.words}", found.tongue)


def _may_weigh_like_a_refusal(reading: Reading) -> _Verdict | None:
    if reading.core_text in everywhere().refusals:
        return None  # an everyday word that is a keyword elsewhere
    is_one_word = len(unmarked(reading.words)) == 1
    if is_one_word and _has_refusing_symbol(reading):
        return _Verdict(Class.REVIEW, f"a stop sign beside a word: {reading.core_text}")
    if is_one_word and not _has(reading, _REFUSING_CLASSES):
        return None  # "OFFERS", "goodbye": an answer to us, or too little to weigh
    left = len(unmarked(reading.masked.said))
    if reading.harmless and left < _FEWEST_IN_DOUBT:
        return _weighed(reading, _SURE, Class.REVIEW)
    return _weighed(reading, _LIKELY if left < _FEWEST_WEIGHED else _POSSIBLE, Class.REVIEW)


_RULES: Final[tuple[_Rule, ...]] = (
    _reaction,
    _symbols,
    _machine,
    _own_opt_out,
    _contradiction,
    _opt_out_keyword,
    _local_keyword,
    _opt_in,
    _help,
    _own_opt_in_or_help,
    _misspelt_keyword,
    _refusal,
    _refusal_in_one,
    _keyword_as_clause,
    _shouted_keyword,
    _question_for_us,
    _weighs_like_a_refusal,
    _doubtful_phrase,
    _unwilling,
    _strong_word,
    _wish_to_return,
    _may_weigh_like_a_refusal,
)
_BY_WEIGHT: Final = frozenset({_weighs_like_a_refusal, _may_weigh_like_a_refusal})
