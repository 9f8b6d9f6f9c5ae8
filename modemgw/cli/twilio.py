"""`modemgw twilio`: what tools written for Twilio's API are to be told."""

from __future__ import annotations

import json

from modemgw.cli.options import DEFAULT_CONFIG, AsJson, ConfigFile, database, load_config
from modemgw.cli.table import print_table


def twilio(config: ConfigFile = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Show the AccountSid of each key, whose AuthToken is the key itself, and the sid of each pool.

    Works with the daemon up or down.
    """
    from modemgw.store import keys
    from modemgw.store.sids import account_sid, service_sid

    pools = sorted(load_config(config).pools)
    with database(config) as connection:
        rows = [row for row in keys.all_keys(connection) if row.revoked_at is None]
    accounts = [(row.name, account_sid(row.id)) for row in rows]
    services = [(pool, service_sid(pool)) for pool in pools]
    if as_json:
        shown = {
            "accounts": [{"key": name, "account_sid": sid} for name, sid in accounts],
            "services": [{"pool": name, "messaging_service_sid": sid} for name, sid in services],
        }
        print(json.dumps(shown, indent=2))
        return
    print_table(("key (its secret is the AuthToken)", "AccountSid"), accounts)
    if services:
        print_table(("pool", "MessagingServiceSid"), services)
