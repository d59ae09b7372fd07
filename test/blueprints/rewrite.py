"""Reads YAML as PyYAML does and writes it again: one request a line, as JSON, and one response a line."""

import json
import sys

import yaml

for line in sys.stdin:
    request = json.loads(line)
    documents = list(yaml.safe_load_all(request["text"]))
    written = yaml.safe_dump_all(documents, sort_keys=request["sort_keys"], explicit_start=request["explicit_start"])
    print(json.dumps({"documents": documents, "written": written}), flush=True)
