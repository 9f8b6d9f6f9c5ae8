"""What is on this port? For the technician, before any daemon runs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from modemgw.at import commands
from modemgw.at.answers import Registration
from modemgw.at.errors import AtError
from modemgw.modem import startup
from modemgw.modem.catalogue import shipped
from modemgw.modem.channel import Channel
from modemgw.modem.errors import ModemError, PortError
from modemgw.modem.interface import ModemState, ModemStatus
from modemgw.modem.port import open_port
from modemgw.modem.recorder import Recorder
from modemgw.modem.settings import PortSettings, Timing
from modemgw.modem.startup import SimState

_RECORDER_BYTES = 65_536


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
    USABLE = "usable"


@dataclass(frozen=True, slots=True)
class Probe:
    """A finding, in words what to do about it, and what the modem said of itself."""

    port: str
    finding: Finding
    advice: str
    status: ModemStatus


async def probe(port: PortSettings, timing: Timing | None = None) -> Probe:
    """Open a port, ask, close it again. Never raises for what the port or the modem does.

    It enters no PIN and changes nothing but echo and the form of errors.
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
        return await _ask(channel, status, timing)
    except PortError as error:
        return Probe(path, Finding.LOST, str(error), status)
    except (ModemError, AtError) as error:
        return Probe(path, Finding.NOT_A_MODEM, str(error), status)
    finally:
        await channel.close()


async def _ask(channel: Channel, status: ModemStatus, timing: Timing) -> Probe:
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
    sim = await startup.sim_state(channel, timing)
    if sim.state is SimState.ABSENT:
        return Probe(path, Finding.NO_SIM, f"no usable SIM: {sim.needs or 'no answer'}", status)
    if sim.state is SimState.LOCKED:
        return Probe(path, Finding.LOCKED, f"the SIM asks for {sim.needs}", status)
    profile = shipped().of(identity.maker or "", identity.model or "")
    line = await startup.subscribe(channel, profile, timing)
    status = replace(
        status,
        iccid=line.iccid,
        imsi=line.imsi,
        number=line.number,
        smsc=line.smsc,
        rssi_dbm=await startup.attempt(channel, commands.SIGNAL),
    )
    try:
        await channel.execute(commands.PDU_MODE)
        await channel.execute(commands.STORAGE_CHOICES)
    except (ModemError, AtError) as error:
        advice = f"answers, but takes no texts here ({error}): try another of its ports"
        return Probe(path, Finding.NO_SMS, advice, status)
    state = await startup.registration(channel, list(commands.REGISTRATIONS))
    if state.usable:
        operator = await startup.attempt(channel, commands.OPERATOR)
        status = replace(status, operator=operator.name if operator else None)
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
