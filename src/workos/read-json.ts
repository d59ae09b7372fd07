import { fromJsonString } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { refuse } from "../domain/errors";
import { limitJson } from "../http/json-parts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

const refuseRequest = (description: string) => refuse.invalidFields([{ field: "request", description }]);

/** Reads a body that is a JSON object, or empty. Throws INVALID_FIELDS for anything else, and for a key given twice. */
export function readJson(body: Buffer): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw refuseRequest("must be JSON in UTF-8");
  }
  if (!text.trim()) return {};
  limitJson(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuseRequest("must be valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw refuseRequest("must be a JSON object");
  refuseRepeatedKeys(text);
  return value;
}

/** Scans the text for keys that are given twice, which a parsed value no longer has. */
function refuseRepeatedKeys(text: string): void {
  try {
    fromJsonString(StructSchema, text);
  } catch (error) {
    const key = /duplicate object key "([^]*)"$/.exec((error as Error).message)?.[1];
    if (key === undefined) throw refuseRequest("must be valid JSON");
    throw refuse.invalidFields([{ field: key.slice(0, 64), description: "must be given once" }]);
  }
}
