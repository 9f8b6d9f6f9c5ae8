"""Tests of the codec. It is imported first: python-messaging claims the codec "gsm7" as well."""

import modemgw.pdu  # noqa: F401
