import { EntitySchema, type EntitySchemaOptions } from "typeorm";
import type { ColumnTypes } from "../engines/dialect";
import type { Column } from "./columns";
import { toSnakeCase } from "./snake-case";

type Columns<Row> = { readonly [Property in keyof Row]: Column<Row[Property]> };

interface Keys {
  readonly indices?: NonNullable<EntitySchemaOptions<never>["indices"]>;
  readonly foreignKeys?: NonNullable<EntitySchemaOptions<never>["foreignKeys"]>;
}

/** Some columns of a table, for a SELECT. */
export interface Selection<Row> {
  /** The text between SELECT and FROM. */
  readonly list: string;
  /**
   * Replaces stored values by values of the row, in a row as the driver returns it. Absent: there is none to replace.
   */
  readonly decode: ((row: Row) => void) | undefined;
}

/**
 * A table, declared once: the entity of TypeORM, the list of a SELECT, the columns of an INSERT and the type of its
 * rows follow from the same columns.
 */
export class Table<Name extends string, Row extends object> {
  private readonly properties: readonly (keyof Row & string)[];
  private readonly insertion: string;
  private readonly places: string;

  constructor(
    readonly name: Name,
    private readonly columns: Columns<Row>,
    private readonly keys: Keys,
  ) {
    this.properties = Object.keys(columns) as (keyof Row & string)[];
    this.insertion = `INSERT INTO ${name} (${this.properties.map(toSnakeCase).join(", ")}) VALUES `;
    this.places = `(${this.properties.map(() => "?").join(", ")})`;
  }

  entity(types: ColumnTypes): EntitySchema {
    const columns = Object.fromEntries(
      this.properties.map((property) => [property, this.columns[property].options(types)]),
    );
    return new EntitySchema({ name: this.name, columns, ...this.keys });
  }

  /** Returns what a SELECT reads, without the columns that are not needed. With an alias the names begin with it. */
  selection<Omitted extends keyof Row = never>(
    without: readonly Omitted[] = [],
    alias?: string,
  ): Selection<Omit<Row, Omitted>> {
    const selected = this.properties.filter((property) => !without.some((omitted) => omitted === property));
    const encoded = selected.filter((property) => this.columns[property].codec);
    const list = selected.map((property) => {
      const column = toSnakeCase(property);
      return (alias ? `${alias}.${column}` : column) + (column === property ? "" : ` AS ${property}`);
    });
    const decode = encoded.length ? (row: Omit<Row, Omitted>) => this.decode(row as Row, encoded) : undefined;
    return { list: list.join(", "), decode };
  }

  /** Returns an INSERT for as many rows. */
  insertSql(count: number): string {
    return this.insertion + `, ${this.places}`.repeat(count).slice(2);
  }

  /** Returns the values of a row as they are stored, in the order of the columns. */
  valuesOf(row: Row): unknown[] {
    return this.properties.map((property) => this.encode(property, row[property]));
  }

  /** Returns a value as it is stored. */
  encode<Property extends keyof Row>(property: Property, value: Row[Property]): unknown {
    const { codec } = this.columns[property];
    return codec ? codec.encode(value) : value;
  }

  private decode(row: Row, encoded: readonly (keyof Row)[]): void {
    for (const property of encoded) {
      const { codec } = this.columns[property];
      if (codec) row[property] = codec.decode(row[property]);
    }
  }
}

/** Declares a table. The type of its rows is `RowOf<typeof table>`. */
export const declareTable = <Name extends string, Row extends object>(
  name: Name,
  columns: Columns<Row>,
  keys: Keys = {},
): Table<Name, Row> => new Table(name, columns, keys);

export type RowOf<T> = T extends Table<string, infer Row> ? Row : T extends Selection<infer Row> ? Row : never;
