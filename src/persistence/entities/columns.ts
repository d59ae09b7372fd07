import type { EntitySchemaColumnOptions } from "typeorm";
import type { ColumnTypes } from "../engines/dialect";

/** Converts between the values of a row and the values that the driver stores. */
export interface Codec<Value> {
  readonly encode: (value: Value) => unknown;
  readonly decode: (stored: unknown) => Value;
}

/** A column that behaves alike on every engine: text is compared byte by byte, integers are JavaScript numbers. */
export interface Column<Value> {
  readonly options: (types: ColumnTypes) => EntitySchemaColumnOptions;
  /** Absent if the driver returns the value itself. */
  readonly codec?: Codec<Value>;
}

export const ascii = <Value extends string>(length: number): Column<Value> => ({
  options: (types) => ({ type: "varchar", length, ...types.ascii }),
});

export const text = <Value extends string>(length: number): Column<Value> => ({
  options: (types) => ({ type: "varchar", length, ...types.unicode }),
});

export const longText = (): Column<string> => ({
  options: ({ longText: type, unicode }) => ({ type, ...unicode }),
});

/** A 64-bit integer. The driver returns a number, because no value exceeds 2^53. */
export const integer = (): Column<number> => ({
  options: () => ({ type: "bigint", transformer: { to: (value: number) => value, from: Number } }),
});

export const boolean = (): Column<boolean> => {
  const codec: Codec<boolean> = { encode: Number, decode: Boolean };
  return { options: () => ({ type: "tinyint", transformer: transformer(codec) }), codec };
};

/** Returns the ids of a list that is stored as text with commas in between. */
export const decodeIds = <Id extends string>(stored: string): Id[] =>
  stored === "" ? [] : (stored.split(",") as Id[]);

/** A list of ids, stored as text with commas in between. */
export const idList = <Id extends string>(): Column<readonly Id[]> => {
  const codec: Codec<readonly Id[]> = {
    encode: (ids) => ids.join(","),
    decode: (stored) => decodeIds<Id>(String(stored)),
  };
  return {
    options: ({ longText: type, ascii: characters }) => ({ type, ...characters, transformer: transformer(codec) }),
    codec,
  };
};

const transformer = <Value>({ encode, decode }: Codec<Value>) => ({ to: encode, from: decode });

/** Makes a column part of the primary key. */
export const key = <Value>({ options, ...column }: Column<Value>): Column<Value> => ({
  options: (types) => ({ ...options(types), primary: true }),
  ...column,
});
