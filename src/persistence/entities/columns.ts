import type { EntitySchemaColumnOptions, ValueTransformer } from "typeorm";
import type { ColumnTypes } from "../engines/dialect";

/** Column types that behave alike on every engine: text is compared byte by byte, integers are JavaScript numbers. */
export interface Columns {
  ascii(length: number): EntitySchemaColumnOptions;
  text(length: number): EntitySchemaColumnOptions;
  longText(): EntitySchemaColumnOptions;
  /** Ids, separated by commas. */
  idList(): EntitySchemaColumnOptions;
  integer(): EntitySchemaColumnOptions;
  boolean(): EntitySchemaColumnOptions;
}

/** What a list of ids is stored as. */
export const fromIds = (ids: readonly string[]): string => ids.join(",");
export const toIds = <Id extends string>(text: string): Id[] => (text === "" ? [] : (text.split(",") as Id[]));

const identity = <T>(value: T) => value;
const number: ValueTransformer = { to: identity, from: Number };
const boolean: ValueTransformer = { to: Number, from: Boolean };
const list: ValueTransformer = {
  to: fromIds,
  from: toIds,
};

export function columnsFor({ ascii, unicode, longText }: ColumnTypes): Columns {
  return {
    ascii: (length) => ({ type: "varchar", length, ...ascii }),
    text: (length) => ({ type: "varchar", length, ...unicode }),
    longText: () => ({ type: longText, ...unicode }),
    idList: () => ({ type: longText, ...ascii, transformer: list }),
    integer: () => ({ type: "bigint", transformer: number }),
    boolean: () => ({ type: "tinyint", transformer: boolean }),
  };
}

export const primary = (column: EntitySchemaColumnOptions): EntitySchemaColumnOptions => ({ ...column, primary: true });
