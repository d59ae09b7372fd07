"""Holds conversations with a server; test/conformance/README.md says how."""

import argparse
import re
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent

import grpc
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from caller import Caller
from conversation import Conversation, Step


def main() -> int:
    """Runs the cases that the command line names, and answers the exit code."""
    parser = _parser()
    options = parser.parse_intermixed_args()
    try:
        yaml = YAML(typ="safe", pure=True)
        cases = [(file.stem, yaml.load(file)["steps"]) for file in options.cases]
        channel = _channel(options)
    except (OSError, YAMLError) as error:
        parser.error(str(error))
    with channel:
        caller = Caller(channel, retries=not options.no_retries)
        passed: list[bool] = []
        for name, steps in cases:
            conversation = Conversation(caller, options.token, dict(options.variable))
            passed.extend(_run(name, steps, conversation))
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "runner",
        description="The options are in test/conformance/README.md.",
        allow_abbrev=False,
    )
    parser.add_argument("address", metavar="ADDRESS")
    parser.add_argument("cases", metavar="CASE", nargs="+", type=Path)
    parser.add_argument("--token")
    parser.add_argument("--ca-file", metavar="FILE", type=Path)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument(
        "--variable", metavar="NAME=VALUE", action="append", default=[], type=_variable
    )
    parser.add_argument(
        "--service-config",
        metavar="FILE",
        default=Path("proto/orgroles/v1/service_config_with_request_ids.json"),
        type=Path,
    )
    parser.add_argument("--no-retries", action="store_true")
    return parser


def _variable(text: str) -> tuple[str, str]:
    if not (found := re.fullmatch(r"(\w+)=(.*)", text, re.DOTALL)):
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return found[1], found[2]


def _channel(options: argparse.Namespace) -> grpc.Channel:
    settings = [
        ("grpc.service_config", options.service_config.read_text("utf-8")),
        ("grpc.enable_retries", int(not options.no_retries)),
        ("grpc.max_reconnect_backoff_ms", 1000),
    ]
    if options.ca_file is None and not options.tls:
        return grpc.insecure_channel(options.address, settings)
    file = options.ca_file or ssl.get_default_verify_paths().cafile
    credentials = grpc.ssl_channel_credentials(
        Path(file).read_bytes() if file else None
    )
    return grpc.secure_channel(options.address, credentials, settings)


def _run(name: str, steps: list[Step], conversation: Conversation) -> Iterator[bool]:
    """Whether each step passed, up to the first that did not."""
    for number, step in enumerate(steps, start=1):
        fault = conversation.hold(step)
        print(
            f"{'not ok' if fault else 'ok'} {name} {number} {step['call']}", flush=True
        )
        yield fault is None
        if fault:
            print(indent(fault, "  "))
            return


if __name__ == "__main__":
    sys.exit(main())
