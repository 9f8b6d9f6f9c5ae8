"""Take each safeguard away, by a patch, and show that a test fails without it.

Usage: python tests/mutants/run.py [NAME …]
Exit status 0 when the tests pass on the code as it is and fail on every mutant.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATCHES = Path(__file__).parent
TIME_LIMIT_S = 300


@dataclass(frozen=True, slots=True)
class Mutant:
    """A safeguard, the patch that removes it, and the tests that must then fail."""

    name: str
    removes: str
    tests: tuple[str, ...]


def _matrix(key: str, name: str = "test_under_this_fault_none_is_lost_none_doubled") -> str:
    """A test of the fault matrix for one fault."""
    return f"tests/reliability/test_reliability.py::{name}[{key}]"


_POWER_CUTS = (
    "tests/crash/test_power_cuts.py::test_power_cuts_at_random_instants_lose_none_and_double_none"
)

_ASKED = "tests/modem/test_asked.py::"
_QUEUE = "tests/store/test_queue.py::"
_SETTLING = "tests/gateway/test_settling.py::"
_WINDOWS = "tests/stop_race/test_windows.py::"

MUTANTS = (
    Mutant(
        "write-ahead",
        "the record of a part before it begins",
        ("tests/e2e/test_accounted_for.py::test_kill_in_the_middle_of_500_texts_doubles_none",),
    ),
    Mutant(
        "last-gate-check",
        "the gate's last look at opt-outs, between the commit and the write",
        (_WINDOWS + "test_a_text_whose_record_is_written_does_not_begin_behind_an_opt_out",),
    ),
    Mutant(
        "hold",
        "the hold on a sender whose STOP is on its way into the database",
        (_WINDOWS + "test_nothing_begins_while_an_opt_out_waits_for_its_commit",),
    ),
    Mutant(
        "reset-turn",
        "the wait of a reset for the answer to the submit that is on the air",
        (_ASKED + "test_a_restart_that_was_asked_for_waits_for_the_answer_to_a_submit",),
    ),
    Mutant(
        "last-try",
        "that the last try of a PIN is left to a person",
        ("tests/modem/test_pins.py::test_a_pin_that_could_lock_the_sim_is_not_entered",),
    ),
    Mutant(
        "pause-check",
        "the last look at pauses, between the commit and the write",
        ("tests/gateway/test_lines.py::test_a_pause_holds_what_is_claimed_and_not_begun",),
    ),
    Mutant(
        "leaving-line",
        "the last look at whether the line has left its pool or is told to stop",
        ("tests/gateway/test_leaving.py::test_nothing_begins_at_a_late_prompt",),
    ),
    Mutant(
        "late-put-back",
        "that what is given back late is not taken from who has begun it by then",
        (
            _QUEUE + "test_a_claim_of_before_is_not_given_back_in_place_of_a_newer_one",
            _SETTLING + "test_the_rest_is_given_back_only_while_none_of_it_has_begun",
        ),
    ),
    Mutant(
        "unbegun",
        "that an attempt which never began takes back none that did",
        (_SETTLING + "test_an_attempt_that_never_began_takes_back_none_that_did",),
    ),
    Mutant(
        "answers-lane",
        "that the answer to STOP waits for no pool that is paused",
        ("tests/gateway/test_stop.py::test_a_paused_pool_does_not_silence_the_answer_to_stop",),
    ),
    Mutant(
        "pause-claims",
        "the return of what is claimed ahead when its line is paused",
        (
            "tests/gateway/test_lines.py::test_what_is_claimed_ahead_is_given_back_and_what_has_begun_goes_on",
        ),
    ),
    Mutant(
        "held-lines",
        "the passing over of lines that are held, when one is woken for what waits",
        ("tests/gateway/test_lines.py::test_a_sim_that_its_operator_has_blocked_is_quarantined",),
    ),
    Mutant(
        "kept-evidence",
        "that old texts stay on which an opt-out, a consent or a review rests",
        (
            "tests/store/test_retention.py::test_what_an_opt_out_a_consent_or_a_review_rests_on_stays",
        ),
    ),
    Mutant(
        "own-line",
        "the ear for texts of our own lines, which are no customers'",
        ("tests/gateway/test_lines.py::test_a_text_from_an_own_line_is_no_customer_s",),
    ),
    Mutant(
        "claim-check",
        "the look at opt-outs in the transaction of the write-ahead",
        (
            _WINDOWS
            + "test_a_text_accepted_behind_the_cancelling_does_not_begin_behind_the_opt_out",
        ),
    ),
    Mutant(
        "permit-age",
        "the age at which the right to begin is asked for again",
        (_WINDOWS + "test_a_permit_does_not_outlive_a_pause_of_its_process",),
    ),
    Mutant(
        "erased-check",
        "the look for opt-outs of which only a hash is kept",
        ("tests/gateway/test_persons.py::test_the_write_ahead_asks_the_database_for_hashes",),
    ),
    Mutant(
        "scope-at-claim",
        "the question at the claim whether an opt-out covers the text's pool and kind",
        ("tests/gateway/test_scopes.py::test_a_claim_asks_for_the_scope_and_kind",),
    ),
    Mutant(
        "scope-widens",
        "the wider reading of what is not certain: a text of no pool, a pool that is gone",
        ("tests/consent/test_scopes.py::test_a_scope_covers_its_pools_and_what_names_none",),
    ),
    Mutant(
        "review-rule",
        "the gate's rule that holds marketing while a review is open",
        ("tests/gateway/test_reviews.py::test_marketing_waits_and_the_conversation_goes_on",),
    ),
    Mutant(
        "review-claim-check",
        "the look at reviews in the transaction of the write-ahead",
        ("tests/gateway/test_reviews.py::test_the_write_ahead_asks_the_database_for_reviews",),
    ),
    Mutant(
        "review-last-check",
        "the last look at reviews, between the commit and the write",
        (
            "tests/gateway/test_reviews.py::test_a_doubtful_text_between_clearance_and_write_withdraws_marketing",
        ),
    ),
    Mutant(
        "review-timeout",
        "the end of a review that nobody has decided",
        ("tests/gateway/test_reviews.py::test_undecided_in_time_it_becomes_an_opt_out",),
    ),
    Mutant(
        "consent-rule",
        "the gate's rule that asks for consent, at the acceptance and at the claim",
        (
            "tests/gateway/test_consents.py::test_withdrawn_after_it_was_accepted_it_is_blocked_at_the_claim",
        ),
    ),
    Mutant(
        "consent-claim",
        "the look at the consent on record when a line takes a text",
        (
            "tests/gateway/test_consents.py::test_withdrawn_after_it_was_accepted_it_is_blocked_at_the_claim",
        ),
    ),
    Mutant(
        "consent-write-ahead",
        "the look at consents in the transaction of the write-ahead",
        ("tests/gateway/test_consents.py::test_the_write_ahead_asks_the_database_for_consent",),
    ),
    Mutant(
        "consent-last-check",
        "the last look at withdrawals of consent, between the commit and the write",
        (
            "tests/gateway/test_consents.py::test_withdrawn_between_the_clearance_and_the_write_nothing_goes",
        ),
    ),
    Mutant(
        "consent-answer-time",
        "the question whether a YES was sent after what it answers, and in time",
        ("tests/gateway/test_double_opt_in.py::test_a_yes_counts_only_while_it_is_asked_for",),
    ),
    Mutant(
        "consent-asked-once",
        "the time before which nobody is asked for a consent again",
        ("tests/gateway/test_double_opt_in.py::test_a_question_is_sent_once_within_its_time",),
    ),
    Mutant(
        "consent-old-list",
        "the refusal of a consent from a list that was withdrawn since",
        ("tests/api/test_api_lists.py::test_consents_are_brought_in_unless_they_were_ended_since",),
    ),
    Mutant(
        "start-order",
        "the question whether a START was sent after the opt-out",
        (
            "tests/gateway/test_stop_order.py::test_a_start_that_was_sent_before_the_stop_does_not_lift_it",
        ),
    ),
    Mutant(
        "start-clocks",
        "the distrust of time stamps by two clocks",
        (
            "tests/gateway/test_stop_order.py::test_who_said_stop_last_is_opted_out_in_whatever_order_it_is_read",
        ),
    ),
    Mutant(
        "late-clearance",
        "the end of a clearance that was given up while it waited to be written",
        (
            "tests/gateway/test_clearance.py::test_a_clearance_that_was_given_up_begins_nothing_behind_its_withdrawal",
        ),
    ),
    Mutant(
        "claim-line",
        "the question whose claim it is, in the write-ahead",
        ("tests/store/test_queue.py::test_a_line_begins_nothing_that_another_has_claimed_since",),
    ),
    Mutant(
        "dead-host",
        "the doubt about what a host had on the air that has died",
        (
            "tests/stop_race/test_dead_host.py::test_a_killed_host_leaves_nothing_behind_and_doubles_nothing",
        ),
    ),
    Mutant(
        "told-when-committed",
        "the wait for the commit of what the loop has run",
        ("tests/store/test_writer.py::test_who_is_told_of_what_the_loop_ran_knows_of_the_commit",),
    ),
    Mutant(
        "commit-awaited",
        "the wait for a COMMIT that the server still works on",
        ("tests/store/test_writer.py::test_a_commit_that_the_server_still_works_on_is_waited_for",),
    ),
    Mutant(
        "chunk-end",
        "the reading of chunks, by which the end of an answer to a webhook is known",
        ("tests/api/test_api_poster.py::test_a_connection_that_may_hold_more_is_not_used_again",),
    ),
    Mutant(
        "direct-line",
        "the memory of which line a directly delivered text was heard on",
        (
            "tests/modem/test_direct.py::test_what_was_heard_of_one_line_is_of_that_line_after_a_change_of_sim",
        ),
    ),
    Mutant(
        "reset-heard",
        "the ear for what a modem prints while it is reset",
        ("tests/modem/test_opening.py::test_what_a_modem_prints_while_it_is_reset_is_kept",),
    ),
    Mutant(
        "delete-after-commit",
        "the wait for the commit before a text is deleted from the modem",
        ("tests/e2e/test_inbound.py::test_texts_wait_in_the_modem_while_the_database_is_away",),
    ),
    Mutant(
        "repeat-check",
        "the recognition of a TPDU that was taken in before",
        ("tests/e2e/test_inbound.py::test_a_text_that_comes_twice_is_one_message",),
    ),
    Mutant(
        "marker",
        "the marker by which a late answer is never taken for the next command's",
        (_matrix("ok-after-122s", "test_only_what_nobody_can_know_stays_in_doubt"),),
    ),
    Mutant(
        "no-resend",
        "the rule that what may have gone is not sent again",
        (_matrix("ok-lost"),),
    ),
    Mutant(
        "unknown-errors",
        "the distrust of errors after Ctrl-Z that prove nothing",
        (_matrix("error-taken"),),
    ),
    Mutant(
        "proof",
        "the reference that a late OK needs to be a submit's",
        ("tests/modem/test_opening.py::test_an_ok_without_reference_proves_nothing",),
    ),
    Mutant(
        "prompt-escape",
        "the ESC to a prompt that may still open when AT+CMGS ended without one",
        (
            "tests/modem/test_submit.py::test_an_ok_in_place_of_the_prompt_refuses_and_the_prompt_is_escaped",
        ),
    ),
    Mutant(
        "no-flush",
        "the care for what waits in a port that is opened",
        (
            "tests/e2e/test_accounted_for.py::test_an_answer_that_waits_in_the_port_is_read_before_anything_is_sent",
        ),
    ),
    Mutant(
        "sweep",
        "the sweep that finds texts whose announcement was lost",
        (
            "tests/modem/test_collect.py::test_a_text_that_nothing_announces_is_found_by_the_next_sweep",
        ),
    ),
    Mutant(
        "compare-before-delete",
        "the look at what lies at an index before it is deleted",
        ("tests/modem/test_collect.py::test_nothing_is_deleted_that_is_not_what_was_committed",),
    ),
    Mutant(
        "reset",
        "the rung of the ladder that resets a modem which hears nothing else",
        (_matrix("stuck"),),
    ),
    Mutant(
        "network-in-question",
        "the look at the network before a submit, once it is in question",
        (
            "tests/modem/test_submit.py::test_after_an_answer_that_proves_nothing_the_network_is_looked_at",
        ),
    ),
    Mutant(
        "restart",
        "the new set-up of a modem that has started anew by itself",
        ("tests/modem/test_opening.py::test_a_modem_that_restarts_by_itself_is_set_up_again",),
    ),
    Mutant(
        "pin-echo",
        "the stars over an echoed PIN in the flight recorder",
        ("tests/modem/test_recordings.py::test_a_pin_that_is_echoed_reaches_no_recording",),
    ),
    Mutant(
        "ussd-turn",
        "the turn that a USSD command takes behind a submit",
        ("tests/modem/test_ussd.py::test_a_code_waits_until_a_submit_is_over",),
    ),
    Mutant("no-sync", "every sync of the database", (_POWER_CUTS,)),
    Mutant("late-sync", "the sync of each commit (SQLite's synchronous=NORMAL)", (_POWER_CUTS,)),
)


def main(names: list[str]) -> int:
    """Run the mutants of these names, or all."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    print(f"the code as it is: {len(tests)} tests", flush=True)
    if _run(ROOT, tests) != 0:
        print("  FAILS: mutants mean nothing while the tests do not pass")
        return 1
    print("  pass")
    survivors = [mutant.name for mutant in chosen if not _is_killed(mutant)]
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutants killed")
    if survivors:
        print("SURVIVED: " + ", ".join(survivors))
    return 1 if survivors else 0


def _is_killed(mutant: Mutant) -> bool:
    print(f"without {mutant.removes}:", flush=True)
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        for name in ("modemgw", "tests", "pyproject.toml"):
            source = ROOT / name
            copy = shutil.copytree if source.is_dir() else shutil.copy
            copy(source, tree / name)
        patch = PATCHES / f"{mutant.name}.patch"
        applied = subprocess.run(["git", "apply", str(patch)], cwd=tree, check=False)
        if applied.returncode != 0:
            print(f"  {patch.name} does not apply any more: renew it")
            return False
        status = _run(tree, mutant.tests)
    print(f"  {'killed' if status == 1 else 'SURVIVED'} by {', '.join(mutant.tests)}", flush=True)
    return status == 1  # 1: tests ran and failed; anything else proves nothing


def _run(tree: Path, tests: list[str] | tuple[str, ...]) -> int:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )
    for line in done.stdout.strip().splitlines()[-3:]:
        print(f"    {line}", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
