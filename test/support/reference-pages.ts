import { readFileSync, writeFileSync } from "node:fs";
import {
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  createFileRegistry,
  fromBinary,
} from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { openapiOf } from "./openapi";

const set = fromBinary(FileDescriptorSetSchema, readFileSync("gen/descriptor-set.binpb"));
const registry = createFileRegistry(set);
const ours = set.file.filter(({ name }) => name.startsWith("orgroles/v1/"));

const words = (text: string) =>
  text
    .trim()
    .replaceAll(/\n(?!\n)/g, " ")
    .replaceAll(/\n +/g, "\n\n");
const cell = (text: string) =>
  words(text)
    .replaceAll(/\s+/g, " ")
    .replaceAll("|", String.raw`\|`);

/** Maps the paths of `SourceCodeInfo` to the comments of a file. */
function commentsOf(file: FileDescriptorProto): (...path: number[]) => string {
  const comments = new Map(
    file.sourceCodeInfo?.location.map(({ path, leadingComments }) => [path.join(), leadingComments]),
  );
  return (...path) => (comments.get(path.join()) ?? "").replaceAll(/^ /gm, "");
}

const typeOf = (field: DescField): string => {
  switch (field.fieldKind) {
    case "message":
      return nameOf(field.message);
    case "list":
      return `repeated ${field.listKind === "message" ? nameOf(field.message) : field.listKind === "enum" ? field.enum.name : scalar(field.scalar)}`;
    case "enum":
      return field.enum.name;
    case "map":
      return "map";
    case "scalar":
      return `${field.proto.proto3Optional ? "optional " : ""}${scalar(field.scalar)}`;
  }
};
const scalar = (type: number) => ({ 3: "int64", 5: "int32", 8: "bool", 9: "string" })[type] ?? `scalar ${type}`;
const isOurs = ({ typeName }: DescMessage) => typeName.startsWith("orgroles.v1.");
const nameOf = (message: DescMessage) =>
  isOurs(message) ? `[${message.name}](#${message.name.toLowerCase()})` : message.typeName;

function fieldsOf(message: DescMessage): string {
  const index = message.file.proto.messageType.findIndex(({ name }) => name === message.name);
  const comment = commentsOf(message.file.proto);
  const rows = message.fields.map(
    (field, number) => `| \`${field.name}\` | ${typeOf(field)} | ${cell(comment(4, index, 2, number))} |`,
  );
  return rows.length ? ["| field | type | |", "| - | - | - |", ...rows].join("\n") : "It has no fields.";
}

function serviceSection(service: DescService): string {
  const index = service.file.proto.service.findIndex(({ name }) => name === service.name);
  const comment = commentsOf(service.file.proto);
  const rpcs = service.methods.map(({ name, input, output }, number) =>
    [
      `### ${name}`,
      words(comment(6, index, 2, number)),
      `**${input.name}**`,
      fieldsOf(input),
      `**${output.name}**`,
      fieldsOf(output),
    ].join("\n\n"),
  );
  return [`## ${service.name}`, words(comment(6, index)), ...rpcs].join("\n\n");
}

const generated = "<!-- Generated from the proto files by `npm run generate:reference`. -->";

function rpcPage(): string {
  const files = ours.map(({ name }) => registry.getFile(name)).filter((file) => file !== undefined);
  const services = files.flatMap(({ services: some }) => some);
  const ends = new Set(services.flatMap(({ methods }) => methods.flatMap(({ input, output }) => [input, output])));
  const messages = files.flatMap(({ messages: some }) => some.filter((message) => !ends.has(message)));
  const enums = files.flatMap(({ enums: some }) => some.filter(({ name }) => name !== "ErrorReason"));
  return [
    "# Calls",
    generated,
    `Package \`orgroles.v1\`. [errors.md](errors.md) explains the reasons of errors.`,
    services.map(({ name }) => `- [${name}](#${name.toLowerCase()})`).join("\n"),
    ...services.map(serviceSection),
    "## Messages",
    ...messages.flatMap((message) => {
      const index = message.file.proto.messageType.findIndex(({ name }) => name === message.name);
      return [`### ${message.name}`, words(commentsOf(message.file.proto)(4, index)), fieldsOf(message)];
    }),
    ...enums.flatMap((one) => {
      const index = one.file.proto.enumType.findIndex(({ name }) => name === one.name);
      const comment = commentsOf(one.file.proto);
      const rows = one.values.map((value, number) => `| \`${value.name}\` | ${cell(comment(5, index, 2, number))} |`);
      return [`### ${one.name}`, words(comment(5, index)), ["| value | |", "| - | - |", ...rows].join("\n")];
    }),
  ].join("\n\n");
}

function errorPage(): string {
  const file = ours.find(({ name }) => name.endsWith("/error_reason.proto"));
  if (!file) throw new Error("there is no error_reason.proto");
  const comment = commentsOf(file);
  const rows = (file.enumType[0]?.value ?? []).flatMap(({ name }, number) => {
    const [, code, meaning, sample] =
      /^(\w+)\. (.*?)\s*Sample: reason `\w+`, metadata (.*)\.\s*$/s.exec(comment(5, 0, 2, number)) ?? [];
    return code
      ? [
          `| \`${name.replace("ERROR_REASON_", "")}\` | \`${code}\` | ${cell(meaning ?? "")} | \`${cell(sample ?? "")}\` |`,
        ]
      : [];
  });
  return [
    "# Errors",
    generated,
    words(comment(5, 0)),
    ["| reason | code | meaning | metadata, such as |", "| - | - | - | - |", ...rows].join("\n"),
  ].join("\n\n");
}

/** Returns the comment of a message at the top of a file, of its field, or of a method. */
function commentOf(desc: DescMessage | DescField | DescMethod): string {
  const parent = desc.kind === "message" ? desc : desc.parent;
  const { proto } = parent.file;
  const comment = commentsOf(proto);
  if (parent.kind === "service") {
    const service = proto.service.findIndex(({ name }) => name === parent.name);
    return words(
      comment(
        6,
        service,
        2,
        parent.methods.findIndex(({ name }) => name === desc.name),
      ),
    );
  }
  const message = proto.messageType.findIndex(({ name }) => name === parent.name);
  if (desc.kind !== "field") return words(comment(4, message));
  return words(comment(4, message, 2, parent.fields.indexOf(desc)));
}

const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };

/** Maps the files of the reference to their pages before formatting. */
export const referencePages = {
  "docs/reference/openapi.yaml": openapiOf(
    registry,
    ours.map(({ name }) => name),
    commentOf,
    version,
  ),
  "docs/reference/calls.md": `${rpcPage()}\n`,
  "docs/reference/errors.md": `${errorPage()}\n`,
};

if (require.main === module) for (const [file, page] of Object.entries(referencePages)) writeFileSync(file, page);
