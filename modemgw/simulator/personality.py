"""Vendor flavours: what differs between makers, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class IccidForm(Enum):
    """How a maker prints the SIM's number."""

    PREFIXED = "prefixed"  # +QCCID: 8901…
    BARE = "bare"  # 8901…


@dataclass(frozen=True, slots=True)
class Personality:
    """One maker's flavour.

    `iccid_commands` are those that it answers, as actions and as reads; all others get its
    `unknown` answer. `banner` is printed after a restart, `chatter` now and then by itself, with
    {rssi} filled in and stopped by `hush`. `full` is printed when a text finds no room, with
    {storage} filled in. `first_index` is the number of a storage's first place. `packs_ussd`: USSD
    strings are the hex of packed septets.
    """

    name: str
    maker: str
    model: str
    revision: str
    iccid_commands: tuple[str, ...]
    iccid_form: IccidForm = IccidForm.PREFIXED
    banner: tuple[str, ...] = ("RDY", "+CFUN: 1", "+CPIN: READY", "SMS Ready")
    chatter: tuple[str, ...] = ()
    hush: str = ""
    full: str = ""
    unknown: str = "ERROR"
    me_capacity: int = 100
    first_index: int = 1
    lists_commands: bool = True
    packs_ussd: bool = False


PERSONALITIES: dict[str, Personality] = {
    flavour.name: flavour
    for flavour in (
        Personality(
            name="quectel-ec25",
            maker="Quectel",
            model="EC25",
            revision="EC25EFAR06A06M4G",
            iccid_commands=("+QCCID", "+ICCID"),
            banner=("RDY", "+CFUN: 1", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE"),
            me_capacity=255,
            first_index=0,
        ),
        Personality(
            name="simcom-sim7600",
            maker="SIMCOM INCORPORATED",
            model="SIMCOM_SIM7600E",
            revision="SIM7600M22_V2.0",
            iccid_commands=("+CICCID", "+ICCID"),
            banner=("RDY", "+CPIN: READY", "SMS DONE", "PB DONE"),
            first_index=0,
            lists_commands=False,
        ),
        Personality(
            name="huawei-e3372",
            maker="huawei",
            model="E3372",
            revision="22.180.05.00.00",
            iccid_commands=("^ICCID",),
            banner=("^SYSSTART", "^SIMST:1", "^SRVST:2"),
            chatter=("^RSSI:{rssi}", '^HCSQ:"LTE",40,35,110,20'),
            hush="^CURC",
            full='^SMMEMFULL: "{storage}"',
            unknown="COMMAND NOT SUPPORT",
            first_index=0,
            packs_ussd=True,
        ),
        Personality(
            name="telit-le910",
            maker="Telit",
            model="LE910-EU1",
            revision="20.00.523",
            iccid_commands=("#CCID",),
        ),
        Personality(
            name="simcom-sim800",
            maker="SIMCOM_Ltd",
            model="SIMCOM_SIM800L",
            revision="Revision:1418B05SIM800L24",
            iccid_commands=("+CCID",),
            iccid_form=IccidForm.BARE,
            full="+SMS FULL",
            banner=("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready", "SMS Ready"),
            lists_commands=False,
        ),
        Personality(
            name="generic",
            maker="Simulated",
            model="Modem",
            revision="1.0",
            iccid_commands=("+CCID",),
        ),
    )
}

DEFAULT_PROFILES = ("quectel-ec25", "simcom-sim7600", "huawei-e3372", "telit-le910")
