"""The messages of Twilio's API of 2010-04-01, so that tools written for it work on a SIM bank.

One file an idea: `resource` (how a message looks), `forms` (what a caller sends), `faults` (error
codes), `messages` (the routes), `callbacks` (what is posted to applications), `signature`, `twiml`
(what they answer). Identifiers are those of `store.sids`.
"""
