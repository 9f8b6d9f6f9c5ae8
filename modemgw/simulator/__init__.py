"""A bank of simulated modems and their network, on ptys: `modemgw simulate`."""

from modemgw.simulator.options import Options, chosen
from modemgw.simulator.personality import PERSONALITIES
from modemgw.simulator.scenario_file import load_scenario
from modemgw.simulator.serve import serve

__all__ = ["PERSONALITIES", "Options", "chosen", "load_scenario", "serve"]
