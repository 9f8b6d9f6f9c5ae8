"""What is read from /proc for the figures."""

from __future__ import annotations

import subprocess

from bench.measure import cpu_s, memory_mib, processes


def test_all_processes_of_a_program_are_found_by_its_session() -> None:
    """The one that was started, and what it forked; none afterwards."""
    command = ["sh", "-c", "exec 3<&0; cat <&3 & echo forked; wait"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as shell:
        assert shell.stdout is not None
        assert shell.stdout.readline() == b"forked\n"
        found = processes(shell.pid)
        assert shell.pid in found
        assert len(found) == 2
        assert all(memory_mib(pid) > 0 and cpu_s(pid) >= 0 for pid in found)
    assert processes(shell.pid) == []
