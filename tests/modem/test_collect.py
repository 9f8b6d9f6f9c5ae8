"""Texts from the modem's storage to the listener, and out of the storage again."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING

from modemgw.modem.bank import Bank
from modemgw.modem.interface import Incoming, ModemState, Source
from modemgw.modem.settings import BankSettings, PortSettings
from tests.modem.conftest import QUICK, driven
from tests.modem.listening import Permit
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from tests.modem.conftest import Start
    from tests.modem.listening import Listener

PDU = "07915155009099F9040891515521430000621122126204000453EA130A"
OTHER = "07915155009099F9040891515521440000621122126204000453EA130A"


async def test_an_announced_text_is_handed_over_and_then_deleted(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """+CMTI, +CMGR, commit, +CMGD of that one index."""
    await start()
    modem.store(4, PDU)
    await modem.until(lambda: not modem.stored)
    (incoming,) = listener.incoming
    assert (incoming.pdu, incoming.source) == (PDU, Source.STORED)
    assert (incoming.storage, incoming.index) == ("ME", 4)
    assert incoming.iccid == "89015550000000000000"
    assert modem.commands.count("AT+CMGD=4") == 1


async def test_what_is_not_committed_stays_and_is_handed_over_again(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A database that is away costs no text: the next sweep brings it again."""
    await start()
    listener.commits = lambda _: len(listener.incoming) > 0
    modem.store(1, PDU)
    await modem.until(lambda: not modem.stored)
    assert [incoming.pdu for incoming in listener.incoming] == [PDU, PDU]
    assert modem.commands.count("AT+CMGD=1") == 1


async def test_a_listener_that_fails_keeps_the_text_in_the_modem(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """An exception counts as not committed."""
    await start()

    def fail(_: object) -> bool:
        if not listener.incoming:
            listener.incoming.append(Incoming("", Source.STORED, None))
            raise RuntimeError("no database")
        return True

    listener.commits = fail
    modem.store(1, PDU)
    await modem.until(lambda: not modem.stored)
    assert modem.commands.count("AT+CMGD=1") == 1


async def test_nothing_is_deleted_that_is_not_what_was_committed(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Where another text has taken the place meanwhile, that one is read, not lost."""
    await start()

    def replace(_: object) -> bool:
        if not listener.incoming:
            modem.stored[2] = OTHER
        return True

    listener.commits = replace
    modem.store(2, PDU)
    await modem.until(lambda: not modem.stored)
    assert [incoming.pdu for incoming in listener.incoming] == [PDU, OTHER]
    assert modem.commands.count("AT+CMGD=2") == 1


async def test_a_text_announced_twice_is_read_once(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Some modems announce a text twice in a row."""
    await start()
    modem.stored[5] = PDU
    modem.say(f'{CRLF}+CMTI: "ME",5{CRLF}{CRLF}+CMTI: "ME",5{CRLF}')
    await modem.until(lambda: not modem.stored)
    assert len(listener.incoming) == 1


async def test_an_announcement_that_leads_nowhere_brings_a_sweep(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """An index that is wrong, or not there yet, costs a sweep and no text."""
    await start()
    modem.stored[1] = PDU
    modem.say(f'{CRLF}+CMTI: "ME",9{CRLF}{CRLF}+CMTI: rubbish{CRLF}')
    await modem.until(lambda: not modem.stored)
    assert [incoming.index for incoming in listener.incoming] == [1]


async def test_a_text_is_read_from_the_storage_that_its_announcement_names(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Some announce SM although ME was asked for."""
    await start()
    modem.stored[1] = PDU
    modem.say(f'{CRLF}+CMTI: "SM",1{CRLF}')
    await modem.until(lambda: not modem.stored)
    assert listener.incoming[0].storage == "SM"
    assert 'AT+CPMS="SM"' in modem.commands


async def test_the_first_sweep_takes_in_what_was_stored_before(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Handed over before the modem is ready, deleted, and only then told as swept."""
    modem.stored.update({0: PDU, 7: OTHER})
    await start()
    assert {incoming.pdu for incoming in listener.incoming} == {PDU, OTHER}
    assert not modem.stored
    assert listener.sweeps == 1
    assert listener.told.index("swept") < listener.told.index(ModemState.READY)


async def test_drafts_on_the_sim_are_left_alone(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Entries of status 2 and 3 are the SIM owner's, not the network's."""
    modem.script["AT+CMGL=4"] = ok("+CMGL: 1,2,,20", PDU, "+CMGL: 2,3,,20", OTHER)
    await start()
    assert listener.incoming == []
    assert not [line for line in modem.commands if line.startswith("AT+CMGD")]


async def test_a_sweep_that_is_not_wholly_committed_is_not_told_as_one(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """`swept` waits until everything is committed."""
    modem.stored.update({0: PDU, 7: OTHER})
    listener.commits = lambda incoming: incoming.pdu == PDU
    await start()
    assert listener.sweeps == 0
    assert list(modem.stored.values()) == [OTHER]
    listener.commits = lambda _: True
    await listener.until(lambda: listener.sweeps == 1)
    assert not modem.stored


async def test_direct_texts_and_reports_reach_the_listener(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """+CMT and +CDS exist nowhere else; one that is refused is handed over again."""
    await start()
    listener.commits = lambda _: len(listener.incoming) > 0
    modem.say(f"{CRLF}+CMT: ,21{CRLF}{PDU}{CRLF}{CRLF}+CDS: 21{CRLF}{OTHER}{CRLF}")
    await listener.until(lambda: len(listener.incoming) == 3)
    assert sorted(i.pdu for i in listener.incoming) == [PDU, PDU, OTHER]
    assert {i.source for i in listener.incoming} == {Source.DIRECT}


def refuse_to_store(modem: ScriptedModem) -> None:
    for mode, reports, buffer in product((2, 1), (2, 1, 0), (0, 1)):
        modem.script[f"AT+CNMI={mode},1,0,{reports},{buffer}"] = f"{CRLF}+CMS ERROR: 303{CRLF}"


async def test_a_text_of_a_modem_that_stores_none_is_acknowledged_when_it_is_committed(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Until then the network keeps it, so that a crash cannot lose it."""
    refuse_to_store(modem)
    await start()
    assert "AT+CSMS=1" in modem.commands
    assert "AT+CNMI=2,2,0,1,0" in modem.commands
    listener.commits = lambda _: False
    modem.say(f"{CRLF}+CMT: ,23{CRLF}{PDU}{CRLF}")
    await listener.until(lambda: len(listener.incoming) == 1)
    listener.commits = lambda _: True
    assert "AT+CNMA" not in modem.commands
    await listener.until(lambda: len(listener.incoming) == 2)
    await modem.until(lambda: modem.commands.count("AT+CNMA") == 1)


async def test_after_a_missed_acknowledgement_announcements_are_set_again(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The modem has switched them off by itself, and a sweep finds what else there is."""
    refuse_to_store(modem)
    await start()
    await listener.until(lambda: listener.sweeps == 1)
    modem.script["AT+CNMA"] = f"{CRLF}+CMS ERROR: 340{CRLF}"
    modem.commands.clear()
    modem.say(f"{CRLF}+CMT: ,23{CRLF}{PDU}{CRLF}")
    await modem.until(lambda: "AT+CMGL=4" in modem.commands)
    assert modem.commands.index("AT+CNMA") < modem.commands.index("AT+CNMI=2,2,0,1,0")
    assert modem.commands.index("AT+CNMI=2,2,0,1,0") < modem.commands.index("AT+CMGL=4")


async def test_where_texts_are_stored_nothing_is_acknowledged(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A class 0 text comes directly even so."""
    await start()
    modem.say(f"{CRLF}+CMT: ,23{CRLF}{PDU}{CRLF}")
    await listener.until(lambda: bool(listener.incoming))
    modem.store(3, OTHER)
    await modem.until(lambda: "AT+CMGD=3" in modem.commands)
    assert "AT+CNMA" not in modem.commands


async def test_what_does_not_decode_is_handed_over_as_it_is(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """The listener keeps it; it never blocks the rest."""
    modem.script["AT+CMGL=4"] = ok("+CMGL: 1,1,,3", "no hex at all", "+CMGL: 2,1,,21", PDU)
    await start()
    assert {incoming.pdu for incoming in listener.incoming} == {"nohexatall", PDU}


async def test_stored_reports_are_read_like_texts(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """+CDSI names the place of a report."""
    await start()
    modem.stored[3] = PDU
    modem.say(f'{CRLF}+CDSI: "SR",3{CRLF}')
    await modem.until(lambda: not modem.stored)
    assert (listener.incoming[0].storage, listener.incoming[0].index) == ("SR", 3)


async def test_noise_in_an_announcement_harms_nobody(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A storage that has no name cannot be asked for: it brings a sweep."""
    driver = await start()
    modem.stored[1] = PDU
    modem.say(f'{CRLF}+CMTI: "\xff\xfe",3{CRLF}')
    await modem.until(lambda: not modem.stored)
    assert driver.status.state is ModemState.READY


async def test_a_storage_that_cannot_be_listed_does_not_keep_the_modem_from_work(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """Some hang on +CMGL; it is tried again, and `swept` waits for it."""
    hangs = iter([""])
    modem.stored[1] = PDU
    modem.script["AT+CMGL=4"] = lambda: next(
        hangs, ok("+CMGL: 1,1,,21", PDU) if modem.stored else ok()
    )
    await start()
    assert ModemState.RECOVERING not in listener.told
    await listener.until(lambda: listener.sweeps == 1)
    assert len(listener.incoming) == 1


async def test_a_storage_that_hung_is_listed_again_some_time(
    modem: ScriptedModem, listener: Listener
) -> None:
    """After two listings in a row that hung it is left alone for a while, and not for ever."""
    hangs = iter(["", ""])
    modem.script["AT+CPMS=?"] = ok('+CPMS: ("ME"),("ME"),("ME")')
    modem.stored[1] = PDU
    modem.script["AT+CMGL=4"] = lambda: next(
        hangs, ok("+CMGL: 1,1,,21", PDU) if modem.stored else ok()
    )
    timing = replace(QUICK, patience=0.02, health_s=0.03)
    async with driven(Bank(BankSettings((PortSettings(modem.path),), timing), listener)):
        await listener.until(lambda: listener.sweeps == 1, 15)
    assert modem.commands.count("AT+CMGL=4") == 3
    assert len(listener.incoming) == 1


async def test_a_full_storage_is_swept_at_once(start: Start, modem: ScriptedModem) -> None:
    """Nothing arrives any more, and nothing is announced."""
    await start()
    modem.stored[1] = PDU
    modem.say(f"{CRLF}+SMS FULL{CRLF}")
    await modem.until(lambda: not modem.stored, 2)


async def test_a_storage_that_stays_full_is_told_until_there_is_room(
    modem: ScriptedModem, listener: Listener
) -> None:
    """Of drafts, for one, which are not ours to delete; no text comes in meanwhile."""
    timing = replace(QUICK, sweep_s=0.1)
    modem.script["AT+CPMS?"] = ok('+CPMS: "SM",0,20,"SM",0,20, "ME", 23, 23')
    async with driven(Bank(BankSettings((PortSettings(modem.path),), timing), listener)) as bank:
        await listener.until_state(ModemState.READY)
        (driver,) = bank.modems
        assert driver.status.full == "ME"
        modem.script["AT+CPMS?"] = ok('+CPMS: "SM",20,20,"SM",20,20,"ME",22,23')
        await listener.until(lambda: driver.status.full is None)


async def test_after_an_announcement_there_is_a_sweep(
    modem: ScriptedModem, listener: Listener
) -> None:
    """Of texts that come together one may be announced and the other not."""
    timing = replace(QUICK, sweep_after_s=0.1)
    async with driven(Bank(BankSettings((PortSettings(modem.path),), timing), listener)):
        await listener.until_state(ModemState.READY)
        await listener.until(lambda: listener.sweeps == 1)
        modem.stored[4] = OTHER
        modem.store(3, PDU)
        await listener.until(lambda: len(listener.incoming) == 2)
        await modem.until(lambda: not modem.stored)


async def test_a_text_that_nothing_announces_is_found_by_the_next_sweep(
    modem: ScriptedModem, listener: Listener
) -> None:
    """It comes after the first sweep, and no other text leads to it."""
    timing = replace(QUICK, sweep_s=0.1)
    async with driven(Bank(BankSettings((PortSettings(modem.path),), timing), listener)):
        await listener.until_state(ModemState.READY)
        await listener.until(lambda: listener.sweeps == 1)
        modem.stored[4] = PDU
        await modem.until(lambda: not modem.stored)
        assert [incoming.pdu for incoming in listener.incoming] == [PDU]


async def test_a_modem_that_wants_all_three_storages_named_gets_them(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """+CPMS with one alone is an error to it (Brovi E3372-325)."""
    for name in ("ME", "SM"):
        modem.script[f'AT+CPMS="{name}"'] = f"{CRLF}ERROR{CRLF}"
    await start()
    modem.store(3, PDU)
    await listener.until(lambda: bool(listener.incoming))
    await modem.until(lambda: not modem.stored)
    assert 'AT+CPMS="SM","SM","ME"' in modem.commands
    assert modem.commands.count('AT+CPMS="ME"') <= 1


async def test_a_submit_refused_for_a_full_storage_brings_a_sweep(
    start: Start, modem: ScriptedModem
) -> None:
    """322, memory full, is mended by emptying it."""
    driver = await start()
    modem.stored[1] = PDU
    modem.script["CTRL-Z"] = f"{CRLF}+CMS ERROR: 322{CRLF}"
    await driver.submit(PDU, 21, Permit())
    await modem.until(lambda: not modem.stored, 2)


async def test_each_round_looks_everywhere_and_sets_announcements_again(
    modem: ScriptedModem, listener: Listener
) -> None:
    """+CNMI is forgotten in silence, and an announcement from another storage may be lost."""
    timing = replace(QUICK, sweep_s=0.1)
    bank = Bank(BankSettings((PortSettings(modem.path),), timing), listener)
    task = asyncio.create_task(bank.run())
    await listener.until_state(ModemState.READY)
    modem.commands.clear()
    await modem.until(lambda: modem.commands.count('AT+CPMS="SM"') >= 2)
    assert "AT+CNMI=2,1,0,1,0" in modem.commands
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_case_of_hex_digits_makes_no_difference(
    start: Start, modem: ScriptedModem
) -> None:
    """A list in capitals and a text in small letters are the same text."""
    modem.script["AT+CMGR=1"] = lambda: ok("+CMGR: 1,,21", PDU.lower())
    modem.stored[1] = PDU
    await start()
    assert not modem.stored


async def test_an_entry_whose_pdu_was_not_printed_is_no_text(
    start: Start, modem: ScriptedModem, listener: Listener
) -> None:
    """A list that was cut off hands over nothing empty."""
    modem.script["AT+CMGL=4"] = ok("+CMGL: 1,1,,21", PDU, "+CMGL: 2,1,,21")
    await start()
    assert {incoming.pdu for incoming in listener.incoming} == {PDU}
