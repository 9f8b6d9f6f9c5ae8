"""What the daemon asks of the system."""

from __future__ import annotations

import resource
import subprocess
import sys

from modemgw.daemon import WANTED_FILES

PROGRAM = """
import resource
from modemgw.daemon import _raise_file_limit
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
_raise_file_limit()
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_the_limit_of_open_files_is_raised_as_far_as_the_system_lets_us() -> None:
    """Shells give 1024, which 512 ports and the clients of the API exceed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) == wanted
