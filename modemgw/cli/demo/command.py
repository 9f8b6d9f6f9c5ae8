"""`modemgw demo`: sets the stage, plays the tour, and stays for whoever wants to play on."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from modemgw.cli.errors import CommandError

if TYPE_CHECKING:
    from modemgw.cli.demo.screen import Screen
    from modemgw.cli.demo.stage import Stage


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the tour; exit status 0 if all held.")
    ] = False,
) -> None:
    """Take a tour: four simulated modems, the daemon on them, a fresh database.

    Everything lives in a temporary folder and on loopback, and is gone afterwards.
    """
    from modemgw.cli.demo.screen import Screen
    from modemgw.cli.demo.stage import Stage

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    screen = Screen()
    try:
        with Stage() as stage:
            _play(stage, screen)
            if not once:
                _stay(stage, screen)
    except KeyboardInterrupt:
        screen.say("\nLeft; nothing remains.")
        if once:
            raise typer.Exit(130) from None


def _play(stage: Stage, screen: Screen) -> None:
    from modemgw.cli.demo.failure import StepFailedError
    from modemgw.cli.demo.tour import Tour

    began = time.monotonic()
    try:
        stage.start()
        screen.say("A bank of 4 simulated modems and the daemon on it; for another terminal:")
        screen.command(f"export URL={stage.url} KEY={stage.key}")
        Tour(stage, screen).play()
    except (StepFailedError, CommandError) as failure:
        screen.failed(str(failure))
        screen.say(f"The daemon's last words:\n{stage.log_tail()}")
        raise CommandError("the tour ended early: a promise did not hold") from None
    screen.title(f"Every step held, in {time.monotonic() - began:.0f} s")


def _stay(stage: Stage, screen: Screen) -> None:
    """Keep the stage up until Ctrl-C."""
    screen.say(f"It stays up until Ctrl-C. The API listens on {stage.url}; its page to read:")
    screen.command(f"xdg-open {stage.url}/docs")
    screen.say("Some things to try, in another terminal:")
    if (activate := Path(sys.executable).parent / "activate").exists():
        screen.command(f". {activate}")
    screen.command(f"export URL={stage.url} KEY={stage.key}")
    screen.command('export MODEMGW_URL="$URL" MODEMGW_KEY="$KEY"')
    screen.curl("POST", "/v1/messages", {"to": "+15550107777", "text": "Hello again"})
    screen.curl("GET", "/v1/messages?direction=outbound&limit=3")
    screen.command('curl -sN -H "Authorization: Bearer $KEY" "$URL/v1/events"')
    screen.command("modemgw modems")
    screen.command("modemgw tail --full")
    for line in (
        '{"cmd": "inject", "modem": 0, "from": "+15550107777", "text": "STOP"}',
        '{"cmd": "unplug", "modem": 3}',
        '{"cmd": "replug", "modem": 3}',
        '{"cmd": "fault", "name": "lost_ok", "p": 0.2}',
    ):
        screen.control(stage.bank, line)
    _keep_up(stage, screen)


def _keep_up(stage: Stage, screen: Screen) -> None:
    """Start the daemon again whenever somebody kills it."""
    from modemgw.cli.demo.failure import StepFailedError

    while True:
        screen.say(f"The daemon {stage.daemon_ended()}. It is started again, as systemd would.")
        try:
            stage.start_daemon()
        except StepFailedError as failure:
            screen.failed(str(failure))
            raise CommandError("the daemon cannot be started again") from None


def _leave(_number: int, _frame: object) -> NoReturn:
    """A polite end asked for from outside: unwind, so that the stage is cleared."""
    sys.exit(143)
