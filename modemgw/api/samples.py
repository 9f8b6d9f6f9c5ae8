"""Examples of answers for the description: made from the schemas, so that they always fit, with
values that one meets. An answer of text is written out here."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

UUID7: Final = "[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}"  # RFC 9562 §5.7, without hyphens
_SOME_UUID7: Final = "0198f6c2a1b27c3d8e4f5a6b7c8d9e0f"
_EVENT_ID: Final = f"evt_{_SOME_UUID7}"

# What the ids of a schema begin with (`modemgw.ids`).
PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Message": "msg",
        "MessageDetail": "msg",
        "Conversation": "cnv",
        "PersonConversation": "cnv",
        "Line": "lin",
        "Modem": "mdm",
        "Review": "rev",
        "Webhook": "whk",
        "WebhookCreated": "whk",
        "WebhookSecret": "whk",
        "Key": "key",
        "MadeKey": "key",
        "Event": "evt",
    }
)
# Fields of those that name another.
_REFERENCES: Final[Mapping[str, str]] = MappingProxyType(
    {"conversation": "cnv", "line": "lin", "modem": "mdm"}
)

_VALUES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "from": "+15550100100",
        "to": "+15550001001",
        "number": "+15550001001",
        "typed_number": "+15550100100",
        "text": "Your parcel is here.",
        "direction": "outbound",
        "status": "sent",
        "sent_at": "2026-01-31T08:00:05Z",
        "encoding": "gsm7",
        "kind": "transactional",
        "pool": "care",
        "parts": 1,
        "seq": 1,
        "attempts": 1,
        "name": "care",
        "host": "callcentre",
        "iccid": "8949000000000000017",
        "imei": "490154203237518",
        "imsi": "262010000000001",
        "operator": "26201",
        "maker": "Quectel",
        "model": "EC25",
        "port": "/dev/ttyUSB2",
        "state": "ready",
        "rssi_dbm": -71,
        "url": "https://crm.example/hook",
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "key": "mgw_Qm9va3MgYXJlIG5vdCBrZXlzLCBrZXlzIGFyZS4x",
        "type": "message.received",
        "scope": "all",
        "title": "The recipient has opted out",
        "field": "to",
        "metadata": {"ticket": "4711"},
        "data": {"id": f"msg_{_SOME_UUID7}", "text": "STOP"},
        "reason": "",
        "detail": "",
        "events": ["message.received", "message.status"],
        "scopes": ["send", "read"],
        "tags": ["prepaid"],
        "history": [],
        "former_parts": [],
        "warnings": [],
        "missing": [],
        "present": True,
        "enabled": True,
        "ready": True,
        "database": True,
        "delivered": True,
        "sequence": 1,
        "mr": 17,
        "pools": ["care"],
        "lines": [],
        "reasons": [],
        "objections": [],
        "forcing_ucs2": [],
        "characters": 20,
        "used": 20,
        "capacity": 160,
        "left": 140,
        "max_parts": 10,
        "waiting": 12,
        "plan": "in turn",
        "limit": "day",
        "most": 200,
        "modems_known": 4,
        "modems_ready": 4,
        "expected": 4,
        "last_used_at": "2026-01-31T08:00:00Z",
        "expected_at": "2026-01-31T08:00:05Z",
        "expected_done_at": "2026-01-31T08:00:05Z",
    }
)
# Where one schema's differ from what its fields mostly are.
_OF_SCHEMA: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "Message": {"status": "queued", "from": None, "line": None, "sent_at": None},
        "UssdSession": {"code": "*100#", "text": None},
        "Delivery": {"status": "delivered", "last_status": 204},
        "FieldFault": {"message": "the recipient has opted out"},
        "KeptTpdu": {
            "pdu": "07919471014000F0",
            "kind": "unknown",
            "defect": "the TPDU ends too early",
        },
        "Event": {"sequence": 7},
    }
)
_TEXTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "text/event-stream": f"id: {_EVENT_ID}\nevent: message.received\n"
        f'data: {{"id":"{_EVENT_ID}","type":"message.received"}}\n\n',
        "application/x-ndjson": '{"t":1769846400.5,"way":"out","data":"AT\\r"}\n',
        "text/html": "<!doctype html>\n<title>modemgw</title>\n",
        "text/plain": "modemgw_database_up 1.0\n",
        "application/json": '{"openapi":"3.1.0"}',
    }
)


def pattern(prefix: str) -> str:
    """What ids with this prefix look like."""
    return f"^{prefix}_{UUID7}$"


def with_patterns(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas of answers, in which ids say what they look like."""
    for name, prefix in PREFIXES.items():
        properties = schemas.get(name, {}).get("properties", {})
        if "id" in properties:
            properties["id"]["pattern"] = pattern(prefix)
    for schema in schemas.values():
        for field, prefix in _REFERENCES.items():
            for choice in schema.get("properties", {}).get(field, {}).get("anyOf", ()):
                if choice == {"type": "string"}:  # of an answer: requests are told how long
                    choice["pattern"] = pattern(prefix)
    return schemas


def text_sample(media_type: str) -> str:
    """An answer that is no JSON of ours."""
    return _TEXTS[media_type]


def sample(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str = "") -> Any:
    """A value that fits a schema; `name` is that of the field that it is for."""
    reference = schema.get("$ref")
    if reference is not None:
        model = reference.rpartition("/")[2]
        value = sample(schemas[model], schemas, name)
        return {**value, **_OF_SCHEMA[model]} if model in _OF_SCHEMA else value
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        usual = _VALUES.get(name)
        return usual if usual in schema["enum"] else schema["enum"][0]
    if "anyOf" in schema:
        return _chosen(schema["anyOf"], schemas, name)
    kind = schema.get("type")
    if kind == "object":
        return _object(schema, schemas, name)
    if kind == "array":
        usual = _VALUES.get(name)
        fits = isinstance(usual, list) and "$ref" not in schema["items"]
        return usual if fits else [sample(schema["items"], schemas, name)]
    return _plain(schema, name)


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str) -> Any:
    if "properties" not in schema:
        usual = _VALUES.get(name)
        return usual if isinstance(usual, dict) else {}
    return {
        field: sample(described, schemas, field)
        for field, described in schema["properties"].items()
    }


def _chosen(choices: list[Mapping[str, Any]], schemas: Mapping[str, Any], name: str) -> Any:
    """The first that is not null; null where a field may be and mostly is."""
    there = [choice for choice in choices if choice.get("type") != "null"]
    known = name in _VALUES or name in _REFERENCES or any("$ref" in each for each in there)
    if len(there) < len(choices) and (not known or name in ("error", "problem")):
        return None
    return sample(there[0], schemas, name)


def _plain(schema: Mapping[str, Any], name: str) -> Any:
    wanted: dict[str, type] = {"string": str, "integer": int, "number": int, "boolean": bool}
    kind, usual = str(schema.get("type")), _VALUES.get(name)
    if "pattern" in schema and schema["pattern"].endswith(f"_{UUID7}$"):
        return schema["pattern"][1:].removesuffix(f"{UUID7}$") + _SOME_UUID7
    if kind in wanted and isinstance(usual, wanted[kind]):
        return usual
    if schema.get("format") == "date-time":
        return "2026-01-31T08:00:00Z"
    if name in ("id", "message", "event"):
        return f"msg_{_SOME_UUID7}" if name == "message" else _EVENT_ID
    return {"string": name, "boolean": False, "null": None}.get(kind, 0)
