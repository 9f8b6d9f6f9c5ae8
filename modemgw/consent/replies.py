"""What is answered to STOP, HELP and START, in the language of the keyword; and the question
whether somebody wants our texts.

A confirmation says who, that it took effect and how to return, and nothing else: no offer, one
SMS of 160 GSM-7 characters. Texts therefore do without letters that GSM-7 lacks (é is there,
ê is not; 3GPP TS 23.038 §6.2.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

FALLBACK_LANGUAGE: Final = "en"
LONGEST_REPLY: Final = 160

# The default alphabet without its extension, whose characters count twice.
_GSM7: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)


class Reply(StrEnum):
    """What is being answered."""

    OPTED_OUT = "opted_out"
    HELP = "help"
    OPTED_IN = "opted_in"
    CONSENT = "consent"  # no answer: the question of a double opt-in


Texts = Mapping[str, Mapping[Reply, str]]  # by language; "{brand}" stands for the sender's name

DEFAULT_TEXTS: Final[Texts] = MappingProxyType(
    {
        "en": {
            Reply.OPTED_OUT: "{brand}: done, we will not text you again. START brings texts back.",
            Reply.HELP: "{brand}: answer here and our team reads it. STOP ends all texts.",
            Reply.OPTED_IN: "{brand}: you get our texts again. STOP ends them, HELP gives help.",
            Reply.CONSENT: "{brand}: may we text you? Answer YES to get our texts. STOP ends them.",
        },
        "fr": {
            Reply.OPTED_OUT: "{brand} : c'est fait, plus aucun SMS de notre part. "
            "START pour en recevoir de nouveau.",
            Reply.HELP: "{brand} : répondez ici, notre équipe vous lit. "
            "STOP met fin à tous les SMS.",
            Reply.OPTED_IN: "{brand} : vous recevez de nouveau nos SMS. STOP y met fin, "
            "AIDE pour de l'aide.",
            Reply.CONSENT: "{brand} : répondez OUI pour recevoir nos SMS, sinon rien. "
            "STOP y met fin.",
        },
        "es": {
            Reply.OPTED_OUT: "{brand}: hecho, no le enviaremos mas SMS. "
            "Responda START para volver a recibirlos.",
            Reply.HELP: "{brand}: responda aqui y nuestro equipo le lee. "
            "BAJA termina todos los SMS.",
            Reply.OPTED_IN: "{brand}: vuelve a recibir nuestros SMS. "
            "BAJA los termina, AYUDA da ayuda.",
            Reply.CONSENT: "{brand}: responda SI para recibir nuestros SMS. BAJA los termina.",
        },
        "de": {
            Reply.OPTED_OUT: "{brand}: Erledigt, Sie bekommen keine SMS mehr von uns. "
            "Mit START geht es wieder los.",
            Reply.HELP: "{brand}: Antworten Sie hier, unser Team liest mit. STOP beendet alle SMS.",
            Reply.OPTED_IN: "{brand}: Sie bekommen wieder SMS von uns. "
            "STOP beendet sie, HILFE hilft.",
            Reply.CONSENT: "{brand}: Antworten Sie JA, wenn Sie SMS von uns wollen. "
            "STOP beendet sie.",
        },
        "pt": {
            Reply.OPTED_OUT: "{brand}: feito, nao enviaremos mais SMS. "
            "Responda START para voltar a receber.",
            Reply.HELP: "{brand}: responda aqui e nossa equipe le. SAIR encerra todos os SMS.",
            Reply.OPTED_IN: "{brand}: de novo recebe os nossos SMS. SAIR encerra, AJUDA da ajuda.",
            Reply.CONSENT: "{brand}: responda SIM para receber os nossos SMS. SAIR encerra.",
        },
        "it": {
            Reply.OPTED_OUT: "{brand}: fatto, non riceverà altri SMS da noi. "
            "START per riceverli di nuovo.",
            Reply.HELP: "{brand}: risponda qui, il nostro team legge. STOP ferma tutti gli SMS.",
            Reply.OPTED_IN: "{brand}: riceve di nuovo i nostri SMS. STOP li ferma, AIUTO aiuta.",
            Reply.CONSENT: "{brand}: risponda SI per ricevere i nostri SMS. STOP li ferma.",
        },
        "nl": {
            Reply.OPTED_OUT: "{brand}: geregeld, u krijgt geen sms meer van ons. "
            "Met START begint het weer.",
            Reply.HELP: "{brand}: antwoord hier, ons team leest mee. STOP stopt alle sms.",
            Reply.OPTED_IN: "{brand}: u krijgt weer sms van ons. STOP stopt ze, HULP helpt.",
            Reply.CONSENT: "{brand}: antwoord JA als u onze sms wilt. STOP stopt ze.",
        },
    }
)


@dataclass(frozen=True, slots=True)
class Replies:
    """The answers of one sender.

    `brand` is the name that people know it by. `texts` replaces or adds templates by language;
    what it does not hold comes from the defaults. `pools` are the answers on lines of some pools,
    where they differ; `language` is that of an answer to no particular language. Raises ValueError
    for a text that does not fit one SMS of GSM-7: found here rather than at the first STOP.
    """

    brand: str
    texts: Texts = field(default_factory=dict)
    language: str = FALLBACK_LANGUAGE
    pools: Mapping[str, Replies] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.brand.strip():
            raise ValueError("the answers to STOP and HELP need the sender's name")
        for language in {*DEFAULT_TEXTS, *self.texts}:
            for reply in Reply:
                _check(self.text(reply, language), reply, language)

    def of_pool(self, pool: str) -> Replies:
        """The answers on a line of this pool."""
        return self.pools.get(pool, self)

    def text(self, reply: Reply, language: str | None = None) -> str:
        """Compose an answer in `language` (ISO 639-1), in English where there is no such text."""
        for texts in (self.texts, DEFAULT_TEXTS):
            template = texts.get(language or self.language, {}).get(reply)
            if template is not None:
                return template.replace("{brand}", self.brand.strip())
        return self.text(reply, FALLBACK_LANGUAGE)


def _check(text: str, reply: Reply, language: str) -> None:
    where = f"the answer {reply.value!r} in {language!r}"
    foreign = sorted(set(text) - _GSM7)
    if foreign:
        raise ValueError(f"{where} holds characters that GSM-7 lacks: {' '.join(foreign)}")
    if len(text) > LONGEST_REPLY:
        raise ValueError(f"{where} has {len(text)} characters; one SMS holds {LONGEST_REPLY}")
