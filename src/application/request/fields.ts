import { type Refusal, type Violation, refuse } from "../../domain/errors";
import { limits } from "../../domain/limits";
import type { Parse } from "../../domain/values";

/** Stands for a value that breaks its rule. It exists only until `check`, which throws where there is one. */
export type Invalid = null;
export const invalid: Invalid = null;

/** Parsed values of which none is invalid. */
export type Valid<Values extends object> = { readonly [Key in keyof Values]: Exclude<Values[Key], Invalid> };

/**
 * Parses the fields of one request and collects every violation. The values are to be used as `check` returns them:
 *
 *     const fields = new Fields();
 *     const { slug, etag } = fields.check({
 *       slug: fields.required("slug", request.slug, parseSlug),
 *       etag: fields.optional("etag", request.etag, parseEtag),
 *     });
 */
export class Fields {
  private readonly violations: Violation[] = [];
  private violationCount = 0;

  /** Returns the values. Throws one refusal with all violations of the request if there are any. */
  check<Values extends object>(values: Values): Valid<Values> {
    const outcome = this.outcome(values);
    if (outcome instanceof Error) throw outcome;
    return outcome;
  }

  /** Returns the values, or a refusal with all violations if there are any. */
  outcome<Values extends object>(values: Values): Valid<Values> | Refusal {
    if (this.violationCount) return refuse.invalidFields(this.violations, this.violationCount);
    return values as Valid<Values>; // each invalid value has been counted as a violation
  }

  /** Returns values that belong together, or `invalid` if one of them is. */
  group<Values extends object>(values: Values): Valid<Values> | Invalid {
    for (const key in values) if (values[key] === invalid) return invalid;
    return values as Valid<Values>;
  }

  required<T>(field: string, text: string | undefined, parse: Parse<T>): T | Invalid {
    const result = parse(text ?? "");
    if ("value" in result) return result.value;
    return this.refuse(field, text ? result.rule : "is required");
  }

  /** Parses a field that may be absent. A field that is set but empty is not absent. */
  optional<T>(field: string, text: string | undefined, parse: Parse<T>): T | undefined | Invalid {
    if (text === undefined) return undefined;
    const result = parse(text);
    return "value" in result ? result.value : this.refuse(field, result.rule);
  }

  /** Parses a list that is a set: repeats count once. Returns the valid elements. */
  set<T>(field: string, texts: readonly string[], parse: Parse<T>): T[] {
    return [...new Set(this.list(field, texts, parse))];
  }

  /** Parses each element of a list, and none of a list that is too long. Returns the valid elements. */
  list<T>(field: string, texts: readonly string[], parse: Parse<T>): T[] {
    if (texts.length > limits.listItems) {
      this.refuse(field, `must be at most ${limits.listItems} items`);
      return [];
    }
    const values: T[] = [];
    for (const [index, text] of texts.entries()) {
      const result = parse(text);
      if ("value" in result) values.push(result.value);
      else this.refuse(`${field}[${index}]`, result.rule);
    }
    return values;
  }

  /** Returns the items of a batch, which has at least one and not too many; returns none of any other batch. */
  batch<T>(field: string, items: readonly T[]): readonly T[] {
    if (items.length >= 1 && items.length <= limits.batchItems) return items;
    this.refuse(field, `must be 1–${limits.batchItems} items`);
    return [];
  }

  /** Parses the paths of an update mask: at least one, each of them allowed. Returns the allowed paths. */
  mask<Path extends string>(paths: readonly string[] | undefined, allowed: readonly Path[]): ReadonlySet<Path> {
    const rule = `must be one of ${allowed.join(", ")}`;
    if (!paths?.length) this.refuse("update_mask", `is required: one or more of ${allowed.join(", ")}`);
    const named = this.set("update_mask.paths", paths ?? [], (path) => {
      const value = allowed.find((other) => other === path);
      return value ? { value } : { rule };
    });
    return new Set(named);
  }

  /** Adds a violation. A refusal counts all of them, and names only the first ones. */
  refuse(field: string, description: string): Invalid {
    this.violationCount += 1;
    if (this.violations.length < limits.violations) this.violations.push({ field, description });
    return invalid;
  }
}
