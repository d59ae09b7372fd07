import { type Refusal, type Violation, refuse } from "../../domain/errors";
import { limits } from "../../domain/limits";
import type { Parse } from "../../domain/values";

/**
 * Reads the fields of one request and collects every violation. Values are only good after `check()`, which refuses
 * the request with all violations at once.
 */
export class Fields {
  private readonly violations: Violation[] = [];
  private violationCount = 0;

  required<T>(field: string, text: string | undefined, parse: Parse<T>): T {
    const result = parse(text ?? "");
    if ("value" in result) return result.value;
    return this.refuse(field, text ? result.rule : "is required") as T;
  }

  /** An optional field is absent or valid; set but empty is not absent. */
  optional<T>(field: string, text: string | undefined, parse: Parse<T>): T | undefined {
    if (text === undefined) return undefined;
    const result = parse(text);
    return "value" in result ? result.value : this.refuse(field, result.rule);
  }

  /** A list that is a set: each element is parsed, repeats count once. */
  set<T>(field: string, texts: readonly string[], parse: Parse<T>): T[] {
    return [...new Set(this.list(field, texts, parse))];
  }

  /** A list of which each element is parsed. Of one that is too long none is. */
  list<T>(field: string, texts: readonly string[], parse: Parse<T>): T[] {
    if (texts.length > limits.listItems) {
      this.refuse(field, `must be at most ${limits.listItems} items`);
      return [];
    }
    return texts.map((text, index) => {
      const result = parse(text);
      return "value" in result ? result.value : (this.refuse(`${field}[${index}]`, result.rule) as T);
    });
  }

  /** The items of a batch: at least one, and not too many; of too many none is looked at. */
  batch<T>(field: string, items: readonly T[]): readonly T[] {
    if (items.length >= 1 && items.length <= limits.batchItems) return items;
    this.refuse(field, `must be 1–${limits.batchItems} items`);
    return [];
  }

  /** The paths of an update mask: at least one, each of them allowed. */
  mask<Path extends string>(paths: readonly string[] | undefined, allowed: readonly Path[]): ReadonlySet<Path> {
    const rule = `must be one of ${allowed.join(", ")}`;
    if (!paths?.length) this.refuse("update_mask", `is required: one or more of ${allowed.join(", ")}`);
    const named = this.set("update_mask.paths", paths ?? [], (path) => {
      const value = allowed.find((other) => other === path);
      return value ? { value } : { rule };
    });
    return new Set(named);
  }

  /** Notes a violation. Only as many are kept as a refusal names. */
  refuse(field: string, description: string): undefined {
    this.violationCount += 1;
    if (this.violations.length < limits.violations) this.violations.push({ field, description });
  }

  check(): void {
    const refusal = this.refusal();
    if (refusal) throw refusal;
  }

  refusal(): Refusal | undefined {
    return this.violationCount ? refuse.invalidFields(this.violations, this.violationCount) : undefined;
  }
}
