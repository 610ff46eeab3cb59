"""python_rapidjson.py: encodes and decodes with its modes, checks a schema, a broken text."""

from __future__ import annotations

import datetime
import decimal
import uuid

import rapidjson


def work(i: int) -> object:
    data = {"id": uuid.UUID(int=i), "day": datetime.date(2020, 1, 1 + i), "n": [i, 1.5, None, "ä"]}
    modes = {"uuid_mode": rapidjson.UM_CANONICAL, "datetime_mode": rapidjson.DM_ISO8601}
    text = rapidjson.dumps(data, sort_keys=True, **modes)
    again = rapidjson.loads(text, **modes)
    exact = rapidjson.loads(f"1.{i}5", number_mode=rapidjson.NM_DECIMAL)
    check = rapidjson.Validator('{"type": "object", "required": ["x"]}')
    said = []
    for call, argument in ((rapidjson.loads, "[" * (i + 1)), (check, "{}")):
        try:
            call(argument)
        except (rapidjson.JSONDecodeError, rapidjson.ValidationError) as error:
            said.append((type(error).__name__, [str(each) for each in error.args]))
    return text, again == data, exact == decimal.Decimal(f"1.{i}5"), said
