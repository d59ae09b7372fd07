import { DefaultNamingStrategy } from "typeorm";

/** Columns are the entities' properties in snake_case. */
export class SnakeCase extends DefaultNamingStrategy {
  override columnName(property: string): string {
    return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  }
}
