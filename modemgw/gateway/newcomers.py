"""Countries that were never texted before: many texts to one at once are told as an alert.

A stolen key, or a form on a website that anybody can fill in, shows like this before the bill does.
A country is new for a day after its first text; the alert is cleared a day after it was raised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.consent.places import home_country
from modemgw.gateway import views
from modemgw.gateway.plans import hour
from modemgw.store import countries, usage
from modemgw.store.events import Event

if TYPE_CHECKING:
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.transaction import Transaction

ALERT: Final = "new_country"
_DAY_S: Final = 86_400.0


class Newcomers:
    """Counts what is accepted for countries that are new."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._most = settings.new_country_after
        self._known = {settings.default_region}  # bounded: there are so many countries

    def accepted(self, tx: Transaction, recipient: str, now: float) -> None:
        """Count a text that is accepted in this transaction, and raise the alert."""
        if not self._most or not recipient.startswith("+"):
            return
        country = home_country(recipient)
        if country in self._known:
            return
        if countries.first_texted(tx.connection, country, now) <= now - _DAY_S:
            self._known.add(country)
            return
        span, scope = hour(now), f"country:{country}"
        usage.add(tx.connection, scope, span.name, span.bucket, 1)
        buckets = usage.counted(tx.connection, scope, span.name, span.begins)
        count = sum(texts for _, texts in buckets)
        if count > self._most and countries.tell(tx.connection, country, now):
            words = (
                f"{count} texts to {country} were accepted within an hour, and hardly any before "
                "that: if nobody meant that, take it out of gate.destinations and look whose key "
                "sent them"
            )
            tx.emit(Event("alert.raised", now, views.country_alert(ALERT, country, words)))


def clear(tx: Transaction, now: float) -> None:
    """End the alerts that were raised more than a day ago."""
    for country in countries.tell_no_more(tx.connection, now - _DAY_S):
        words = f"{country} is new no longer"
        tx.emit(Event("alert.cleared", now, views.country_alert(ALERT, country, words)))
