"""The cases, and what is expected of their calls."""

import json
import re
import secrets
import uuid
from typing import Any, TypedDict

from google.protobuf.json_format import ParseError

from caller import Caller, Json

Step = TypedDict(
    "Step",
    {
        "call": str,
        "with": dict[str, Json],
        "as": str,
        "times": int,
        "within": int,
        "answer": Json,
        "error": dict[str, Json],
        "keep": dict[str, str],
    },
    total=False,
)


class Conversation:
    """One file's calls, in turn, with the variables that they keep."""

    def __init__(
        self, caller: Caller, token: str | None, given: dict[str, str]
    ) -> None:
        self._caller = caller
        self._token = token
        self._variables = {
            "run": secrets.token_hex(4),
            "uuid": str(uuid.uuid4()),
            **given,
        }

    def hold(self, step: Step) -> str | None:
        """What is wrong with the step or with what came, if anything is."""
        try:
            return self._hold(step)
        except (LookupError, TypeError, ValueError, ParseError) as error:
            return str(error)

    def _hold(self, step: Step) -> str | None:
        fault = None
        for n in range(1, step.get("within", step.get("times", 1)) + 1):
            self._variables["n"] = str(n)
            outcome = self._caller.call(
                step["call"], self._request(step), self._token_of(step)
            )
            fault = self._fault(step, outcome)
            if fault is None:
                self._keep(step, outcome)
            if (fault is None) == ("within" in step):
                break
        return fault

    def _request(self, step: Step) -> dict[str, Json]:
        request = {
            name: self._filled(field) for name, field in step.get("with", {}).items()
        }
        if self._caller.takes_request_id(step["call"]):
            request.setdefault("request_id", str(uuid.uuid4()))
        return request

    def _token_of(self, step: Step) -> str | None:
        if "as" not in step:
            return self._token
        return None if step["as"] == "nobody" else self._variable(f"{step['as']}_token")

    def _fault(self, step: Step, outcome: dict[str, Json]) -> str | None:
        expected: dict[str, Json] = {"answer": step.get("answer", {})}
        if "error" in step:
            expected = {"error": {"domain": "orgroles", **step["error"]}}
        filled = self._filled(expected)
        if expected.keys() == outcome.keys() and matches(filled, outcome):
            return None
        return f"expected: {_written(filled)}\nactual: {_written(outcome)}"

    def _keep(self, step: Step, outcome: dict[str, Json]) -> None:
        for name, path in step.get("keep", {}).items():
            value: Any = outcome["answer"]
            for part in path.split("."):
                value = value[int(part)] if isinstance(value, list) else value[part]
            self._variables[name] = value if isinstance(value, str) else _written(value)

    def _variable(self, name: str) -> str:
        if name not in self._variables:
            raise LookupError(f"there is no variable {name}")
        return self._variables[name]

    def _filled(self, value: Json) -> Json:
        match value:
            case str():
                return re.sub(
                    r"\$\{(\w+)\}", lambda found: self._variable(found[1]), value
                )
            case list():
                return [self._filled(item) for item in value]
            case dict():
                return {name: self._filled(field) for name, field in value.items()}
        return value


def matches(expected: Json, actual: Json) -> bool:
    """Whether what came has what is expected of it."""
    if actual is None and expected is not None:
        actual = type(expected)()
    match expected, actual:
        case list(), list():
            return len(expected) == len(actual) and all(map(matches, expected, actual))
        case dict(), dict():
            return all(
                matches(field, actual.get(name)) for name, field in expected.items()
            )
        case str(), str() if pattern := re.fullmatch("/(.*)/", expected, re.DOTALL):
            return re.search(pattern[1], actual) is not None
    return type(expected) is type(actual) and expected == actual


def _written(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
