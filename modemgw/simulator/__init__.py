"""A bank of simulated modems and their network, on ptys: `modemgw simulate`."""

from modemgw.simulator.options import Options
from modemgw.simulator.personality import PERSONALITIES
from modemgw.simulator.serve import serve

__all__ = ["PERSONALITIES", "Options", "serve"]
