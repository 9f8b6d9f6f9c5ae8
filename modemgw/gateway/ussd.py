"""USSD sessions, as the API asks for them and as events tell them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modemgw.gateway import views
from modemgw.gateway.requests import RefusalError
from modemgw.modem.interface import UssdError
from modemgw.store.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.roster import Roster
    from modemgw.modem.interface import Modem, UssdSession

EVENT = "ussd.received"


class Ussd:
    """The sessions of all modems of this host."""

    def __init__(self, roster: Roster, dispatcher: Dispatcher, clock: Callable[[], float]) -> None:
        self._roster, self._dispatcher, self._clock = roster, dispatcher, clock

    def session(self, modem: Modem) -> dict[str, Any]:
        """The session of a modem, or its last one. Raises RefusalError (`not-found`)."""
        session = modem.ussd
        if session is None:
            raise RefusalError("not-found", "there was no USSD session at this modem")
        return self._view(modem, session)

    def start(self, modem: Modem, code: str) -> dict[str, Any]:
        """Begin one. Raises RefusalError (`modem-not-ready`, `ussd-busy`, `invalid-text`)."""
        return self._done(modem, lambda: modem.start_ussd(code), "code")

    def answer(self, modem: Modem, text: str) -> dict[str, Any]:
        """Answer the network. Raises RefusalError (`ussd-no-question`, `invalid-text`)."""
        return self._done(modem, lambda: modem.answer_ussd(text), "text")

    def end(self, modem: Modem) -> dict[str, Any]:
        """End it. Raises RefusalError (`not-found`)."""
        return self._done(modem, modem.end_ussd)

    def changed(self, modem: Modem, session: UssdSession) -> None:
        """The network has said something, or the session has ended: an event."""
        data, now = self._view(modem, session), self._clock()
        self._dispatcher.keep_trying(
            lambda tx: tx.emit(Event(EVENT, now, data)), "words of a USSD session not noted"
        )

    def _done(
        self, modem: Modem, act: Callable[[], UssdSession], field: str | None = None
    ) -> dict[str, Any]:
        try:
            return self._view(modem, act())
        except UssdError as error:
            at_fault = field if error.fault == "invalid-text" else None
            raise RefusalError(error.fault, str(error), field=at_fault) from None

    def _view(self, modem: Modem, session: UssdSession) -> dict[str, Any]:
        line = self._roster.line_of(modem)
        return views.ussd(session, self._roster.modem_id(modem), line.id if line else None)
