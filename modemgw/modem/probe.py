"""What is on this port? For the technician, before any daemon runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modemgw.at import commands
from modemgw.at.answers import Registration
from modemgw.at.errors import AtError
from modemgw.modem import startup, texts
from modemgw.modem.asking import attempt
from modemgw.modem.catalogue import shipped
from modemgw.modem.channel import Channel
from modemgw.modem.errors import CommandError, ModemError, NoTextsError, PortError
from modemgw.modem.interface import ModemState, ModemStatus
from modemgw.modem.port import open_port
from modemgw.modem.recorder import Recorder
from modemgw.modem.settings import PortSettings, Timing
from modemgw.modem.startup import SimState
from modemgw.modem.usb import read_usb_port

if TYPE_CHECKING:
    from modemgw.modem.catalogue import Catalogue
    from modemgw.modem.profile import Domain, Profile

_RECORDER_BYTES: Final = 65_536
_SYSFS: Final = Path("/sys")


class Finding(StrEnum):
    """What a probe found, from worst to best."""

    MISSING = "missing"
    NO_RIGHTS = "no_rights"
    BUSY = "busy"
    NOT_A_TTY = "not_a_tty"
    UNREACHABLE = "unreachable"
    LOST = "lost"
    NOT_A_MODEM = "not_a_modem"
    NO_SMS = "no_sms"
    NO_SIM = "no_sim"
    LOCKED = "locked"
    DENIED = "denied"
    NOT_REGISTERED = "not_registered"
    NOT_READY = "not_ready"
    USABLE = "usable"


@dataclass(frozen=True, slots=True)
class Probe:
    """A finding, in words what to do about it, and what the modem said of itself.

    `profile` is the kind of modem that it was recognised as, `domain` the way that its texts take.
    """

    port: str
    finding: Finding
    advice: str
    status: ModemStatus
    profile: Profile | None = None
    domain: Domain | None = None


async def probe(
    port: PortSettings, timing: Timing | None = None, profiles: Catalogue | None = None
) -> Probe:
    """Open a port, ask, close it again. Never raises for what the port or the modem does.

    It enters no PIN and changes nothing but echo and the form of errors and texts.
    """
    timing = timing or Timing()
    path = port.pattern
    status = ModemStatus(path, ModemState.OPENING)
    try:
        opened = await open_port(path, port, timing)
    except PortError as error:
        return Probe(path, Finding(error.fault.value), str(error), status)
    channel = Channel(opened, Recorder(_RECORDER_BYTES), timing)
    try:
        return await _ask(channel, status, timing, profiles or shipped())
    except PortError as error:
        return Probe(path, Finding.LOST, str(error), status)
    except (ModemError, AtError) as error:
        return Probe(path, Finding.NOT_A_MODEM, str(error), status)
    finally:
        await channel.close()


async def _ask(channel: Channel, status: ModemStatus, timing: Timing, profiles: Catalogue) -> Probe:
    path = status.port
    await channel.listen()
    await startup.initialise(channel)
    identity = await startup.identify(channel)
    status = replace(
        status,
        state=ModemState.INITIALISING,
        imei=identity.imei,
        maker=identity.maker,
        model=identity.model,
        revision=identity.revision,
    )
    usb = read_usb_port(path, _SYSFS)
    identity_of_usb = usb.identity if usb is not None else None
    profile = profiles.of(identity.maker or "", identity.model or "", identity_of_usb)
    found = await _ask_for_texts(channel, status, timing, profile)
    return replace(found, profile=profile, domain=await texts.domain_of(channel))


async def _ask_for_texts(
    channel: Channel, status: ModemStatus, timing: Timing, profile: Profile
) -> Probe:
    path = status.port
    sim = await startup.sim_state(channel, timing)
    if sim.state is SimState.ABSENT:
        return Probe(path, Finding.NO_SIM, f"no usable SIM: {sim.needs or 'no answer'}", status)
    if sim.state is SimState.LOCKED:
        return Probe(path, Finding.LOCKED, f"the SIM asks for {sim.needs}", status)
    line = await startup.subscribe(channel, profile, timing)
    status = replace(
        status,
        iccid=line.iccid,
        imsi=line.imsi,
        number=line.number,
        smsc=line.smsc,
        rssi_dbm=await attempt(channel, commands.SIGNAL),
    )
    try:
        await texts.choose_pdu_mode(channel)
        await channel.execute(commands.STORAGE_CHOICES)
    except NoTextsError as error:
        return Probe(path, Finding.NO_SMS, str(error), status)
    except (CommandError, AtError) as error:
        advice = f"a modem answers, but takes no texts here ({error}): try another of its ports"
        return Probe(path, Finding.NO_SMS, advice, status)
    state = await startup.registration(channel, list(commands.REGISTRATIONS))
    if state.usable:
        operator = await attempt(channel, commands.OPERATOR)
        status = replace(status, operator=operator.name if operator else None)
        if hindrance := await texts.no_texts_yet(channel):
            return Probe(path, Finding.NOT_READY, hindrance, status)
    return _judged(status, state)


def _judged(status: ModemStatus, state: Registration) -> Probe:
    if state.usable:
        return Probe(status.port, Finding.USABLE, "ready for texts", status)
    words = state.name.lower().replace("_", " ")
    if state is Registration.DENIED:
        advice = "the network refuses this SIM: is it active, and paid for?"
        return Probe(status.port, Finding.DENIED, advice, status)
    advice = f"not registered ({words}): check antenna and coverage"
    return Probe(status.port, Finding.NOT_REGISTERED, advice, status)
