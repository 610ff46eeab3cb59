"""pydantic_core.py: a model's schema, errors with their texts, JSON, a custom error."""

from __future__ import annotations

from pydantic_core import (
    PydanticCustomError,
    SchemaSerializer,
    SchemaValidator,
    ValidationError,
    core_schema,
    from_json,
    to_json,
)


def refuse(value: int) -> int:
    if value > 900:
        raise PydanticCustomError("large", "{value} is large", {"value": value})
    return value


number = core_schema.no_info_after_validator_function(refuse, core_schema.int_schema(ge=0))
SCHEMA = core_schema.typed_dict_schema(
    {
        "n": core_schema.typed_dict_field(number),
        "names": core_schema.typed_dict_field(core_schema.list_schema(core_schema.str_schema())),
        "day": core_schema.typed_dict_field(core_schema.date_schema()),
    }
)
VALIDATE = SchemaValidator(SCHEMA)
SERIALIZE = SchemaSerializer(SCHEMA)


def work(i: int) -> object:
    good = VALIDATE.validate_python(
        {"n": str(i), "names": ["a", "b"], "day": f"2020-01-{i + 1:02}"}
    )
    said = []
    for n in (-i - 1, 901 + i, "x"):
        try:
            VALIDATE.validate_python({"n": n, "names": [1], "day": "no"})
        except ValidationError as error:
            said.append([(row["type"], row["loc"], row["msg"]) for row in error.errors()])
    return (
        repr(good),
        SERIALIZE.to_json(good),
        said,
        from_json(to_json({"i": [i, None, 1.5]})),
    )
