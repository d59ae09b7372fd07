import { DefaultNamingStrategy } from "typeorm";

export const toSnakeCase = (property: string): string =>
  property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** Names columns after the entities' properties, in snake_case. */
export class SnakeCase extends DefaultNamingStrategy {
  override columnName(property: string): string {
    return toSnakeCase(property);
  }
}
