"""Validates a document against a JSON Schema (2020-12), as far as the project's own schemas go: type,
const, enum, anyOf, properties, required, additionalProperties, items, pattern, minimum, maximum, $ref
within the schema. A keyword that is not known here is an error, so that none is passed over."""

import re

TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
}
SAY_NOTHING = {"$schema", "$defs", "title", "description"}


def same(a, b):
    """Equal as JSON: true is not 1."""
    return a == b and isinstance(a, bool) == isinstance(b, bool)


class Validator:
    def __init__(self, schema):
        self.schema = schema

    def errors(self, value):
        return list(self.check(self.schema, value, "$"))

    def check(self, schema, value, at):
        for keyword, wanted in schema.items():
            if keyword in SAY_NOTHING:
                continue
            test = getattr(self, "check_" + keyword.replace("$", ""), None)
            if test is None:
                raise ValueError(f"keyword {keyword} is not known")
            yield from test(wanted, value, at, schema)

    def check_ref(self, wanted, value, at, _):
        target = self.schema
        for part in wanted.removeprefix("#/").split("/"):
            target = target[part]
        yield from self.check(target, value, at)

    def check_type(self, wanted, value, at, _):
        names = wanted if isinstance(wanted, list) else [wanted]
        if not any(TYPES[name](value) for name in names):
            yield f"{at}: {value!r} is no {' or '.join(names)}"

    def check_const(self, wanted, value, at, _):
        if not same(value, wanted):
            yield f"{at}: {value!r} is not {wanted!r}"

    def check_enum(self, wanted, value, at, _):
        if not any(same(value, one) for one in wanted):
            yield f"{at}: {value!r} is none of {wanted}"

    def check_anyOf(self, wanted, value, at, _):
        found = [list(self.check(one, value, at)) for one in wanted]
        if all(found):
            yield from min(found, key=len)

    def check_required(self, wanted, value, at, _):
        if isinstance(value, dict):
            for name in wanted:
                if name not in value:
                    yield f"{at}: {name} is missing"

    def check_properties(self, wanted, value, at, _):
        if isinstance(value, dict):
            for name, schema in wanted.items():
                if name in value:
                    yield from self.check(schema, value[name], f"{at}.{name}")

    def check_additionalProperties(self, wanted, value, at, schema):
        if wanted is False and isinstance(value, dict):
            for name in value.keys() - schema.get("properties", {}).keys():
                yield f"{at}: {name} is not in the schema"

    def check_items(self, wanted, value, at, _):
        if isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.check(wanted, item, f"{at}[{i}]")

    def check_pattern(self, wanted, value, at, _):
        if isinstance(value, str) and not re.search(wanted, value):
            yield f"{at}: {value!r} does not match {wanted}"

    def check_minimum(self, wanted, value, at, _):
        if TYPES["number"](value) and value < wanted:
            yield f"{at}: {value} is below {wanted}"

    def check_maximum(self, wanted, value, at, _):
        if TYPES["number"](value) and value > wanted:
            yield f"{at}: {value} is above {wanted}"
