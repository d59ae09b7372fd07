import { fromJsonString } from "@bufbuild/protobuf";
import { StructSchema } from "@bufbuild/protobuf/wkt";
import { refuse } from "../domain/errors";
import { limitJson } from "../http/json-parts";
import { invalidJson, parseObject, parseText, repeatedKeyOf } from "../http/json-text";

/** Reads a body that is a JSON object, or empty. Throws INVALID_FIELDS for anything else, and for a key given twice. */
export function readJson(body: Buffer): object {
  const text = parseText(body).replace(/^\uFEFF/, ""); // some clients begin with a byte order mark
  if (!text.trim()) return {};
  limitJson(text);
  const value = parseObject(text);
  refuseRepeatedKeys(text);
  return value;
}

function refuseRepeatedKeys(text: string): void {
  try {
    fromJsonString(StructSchema, text);
  } catch (error) {
    const key = repeatedKeyOf(error);
    if (key === undefined) throw invalidJson();
    throw refuse.invalidFields([{ field: key.slice(0, 64), description: "must be given once" }]);
  }
}
