"""What the two Python peers share."""
import json
import pathlib

INSERT = pathlib.Path(__file__).with_name("insert.sql").read_text()
KEY = {"callTimeStr", "callId", "sessionId", "campaignId", "vdnId", "called"}
SUCCESS = b'{"retCode":"0","retMsg":"success"}'
REFUSAL = b'{"retCode":"400","retMsg":"not a list of call results"}'
FAILURE = b'{"retCode":"500","retMsg":"not stored"}'


def is_good(body):
    try:
        records = json.loads(body)
    except ValueError:
        return False
    return type(records) is list and all(type(record) is dict and KEY <= record.keys() for record in records)
