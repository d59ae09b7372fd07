import { type DescField, type DescMessage, type DescMethod, type FileRegistry, ScalarType } from "@bufbuild/protobuf";
import { stringify } from "yaml";

type Schema = Readonly<Record<string, unknown>>;
type Comments = (desc: DescField | DescMessage | DescMethod) => string;

const wellKnown: Readonly<Record<string, Schema>> = {
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.FieldMask": { type: "string", description: "Paths in lowerCamelCase, separated by commas." },
  "google.protobuf.Any": { type: "object", properties: { "@type": { type: "string" } }, additionalProperties: true },
};

const scalars: Readonly<Partial<Record<ScalarType, Schema>>> = {
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.INT32]: { type: "integer", format: "int32" },
  [ScalarType.INT64]: { type: "string", format: "int64" },
};

const refTo = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });

/** Throws for a type that the API has not had before: its schema is to be written here. */
function scalarSchema(type: ScalarType): Schema {
  const schema = scalars[type];
  if (!schema) throw new Error(`scalar ${type} has no schema`);
  return schema;
}

/** Collects the schemas of all messages that the methods lead to. */
class Schemas {
  readonly all: Record<string, Schema> = {};

  constructor(private readonly comments: Comments) {}

  message(message: DescMessage): Schema {
    const known = wellKnown[message.typeName];
    if (known) return known;
    if (!(message.typeName in this.all)) {
      this.all[message.typeName] = {}; // messages may contain each other
      const description = this.comments(message);
      const properties = message.fields.map((field) => [field.jsonName, this.field(field)]);
      this.all[message.typeName] = {
        type: "object",
        ...(description && { description }),
        properties: Object.fromEntries(properties),
        additionalProperties: false,
      };
    }
    return refTo(message.typeName);
  }

  private field(field: DescField): Schema {
    const description = this.comments(field);
    return { ...(description && { description }), ...this.valueOf(field) };
  }

  private valueOf(field: DescField): Schema {
    switch (field.fieldKind) {
      case "scalar":
        return scalarSchema(field.scalar);
      case "enum":
        return { type: "string", enum: field.enum.values.map(({ name }) => name) };
      case "message":
        return this.message(field.message);
      case "map":
        return { type: "object", additionalProperties: { type: "string" } };
      case "list":
        return { type: "array", items: this.itemOf(field) };
    }
  }

  private itemOf(field: DescField & { fieldKind: "list" }): Schema {
    if (field.listKind === "message") return this.message(field.message);
    if (field.listKind === "enum") return { type: "string", enum: field.enum.values.map(({ name }) => name) };
    return scalarSchema(field.scalar);
  }
}

const errorSchema: Schema = {
  type: "object",
  description: "An error of the Connect protocol. docs/reference/errors.md lists the reasons.",
  required: ["code"],
  properties: {
    code: { type: "string", description: "The gRPC code in lower case, such as not_found." },
    message: { type: "string", description: "For people. It may change." },
    details: {
      type: "array",
      items: {
        type: "object",
        required: ["type", "value"],
        properties: {
          type: { type: "string", description: "Such as google.rpc.ErrorInfo." },
          value: { type: "string", format: "byte", description: "The message in protobuf." },
          debug: { type: "object", additionalProperties: true, description: "The same message, readable." },
        },
      },
    },
  },
};

const json = (schema: Schema) => ({ "application/json": { schema } });

/** Returns the description of all unary calls in the Connect protocol with JSON, as YAML of OpenAPI 3.1. */
export function openapiOf(
  registry: FileRegistry,
  files: readonly string[],
  comments: Comments,
  version: string,
): string {
  const schemas = new Schemas(comments);
  const services = files.flatMap((name) => registry.getFile(name)?.services ?? []);
  const methods = services.flatMap((service) => service.methods.filter(({ methodKind }) => methodKind === "unary"));
  const paths = methods.map((method) => [
    `/${method.parent.typeName}/${method.name}`,
    {
      post: {
        tags: [method.parent.name],
        operationId: `${method.parent.name}_${method.name}`,
        description: comments(method),
        requestBody: { required: true, content: json(schemas.message(method.input)) },
        responses: {
          "200": { description: "The response.", content: json(schemas.message(method.output)) },
          default: { description: "An error.", content: json(refTo("connect.error")) },
        },
      },
    },
  ]);
  const document = {
    openapi: "3.1.0",
    info: { title: "Org Roles", version, license: { name: "Apache-2.0", identifier: "Apache-2.0" } },
    servers: [{ url: "/" }],
    security: [{}, { token: [] }],
    paths: Object.fromEntries(paths),
    components: {
      securitySchemes: { token: { type: "http", scheme: "bearer" } },
      schemas: { ...schemas.all, "connect.error": errorSchema },
    },
  };
  return `# Generated from the proto files by \`npm run generate:reference\`.\n${stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })}`;
}
