import { readFileSync } from "node:fs";
import {
  type DescMessage,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  type Message,
  createFileRegistry,
  fromBinary,
  fromJson,
  toJson,
  type MessageShape,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import type { Calls } from "../conformance/typescript/conversation";
import type { Json, Outcome } from "../conformance/typescript/json";
import { present } from "../support/stage";

export const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, readFileSync("gen/descriptor-set.binpb")),
);

/** Returns the method of `RoleService/CreateRole`. */
export function methodOf(name: string) {
  const [service = "", rpc] = name.split("/");
  return present(registry.getService(`orgroles.v1.${service}`)?.methods.find((method) => method.name === rpc));
}

/** Makes calls as users of Connect for Node do. */
export class ConnectCaller implements Calls {
  constructor(private readonly transport: Transport) {}

  takesRequestId(name: string): boolean {
    return methodOf(name).input.fields.some((field) => field.name === "request_id");
  }

  async call(name: string, request: Json, token: string | undefined): Promise<Outcome> {
    const { input, output } = methodOf(name);
    const message = fromJson(input, withPathsInCamelCase(request), { registry });
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    try {
      const answer = await this.first(name, message, headers);
      const shown = toJson(output, answer, { registry, useProtoFieldName: true });
      return { answer: shown };
    } catch (error) {
      return { error: readError(ConnectError.from(error)) };
    }
  }

  /** Returns the response, or the first message of a stream, whose call it cancels then. */
  private async first(
    name: string,
    message: Message,
    headers: Record<string, string>,
  ): Promise<MessageShape<DescMessage>> {
    const method = methodOf(name);
    if (method.methodKind === "unary")
      return (await this.transport.unary(method as DescMethodUnary, undefined, undefined, headers, message)).message;
    const controller = new AbortController();
    const input = (async function* () {
      yield message;
    })();
    const { message: messages } = await this.transport.stream(
      method as DescMethodServerStreaming,
      controller.signal,
      undefined,
      headers,
      input,
    );
    for await (const one of messages) {
      controller.abort();
      return one;
    }
    throw new Error("the stream has ended without a message");
  }
}

const camel = (path: string) => path.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Masks have the names of JSON in JSON. */
function withPathsInCamelCase(request: Json): Json {
  if (typeof request !== "object" || request === null || Array.isArray(request)) return request;
  const mask = request["update_mask"];
  if (mask === undefined) return request;
  const paths = typeof mask === "string" ? mask.split(",") : ((mask as { paths?: string[] } | null)?.paths ?? []);
  return { ...request, update_mask: paths.map(camel).join(",") };
}

interface Debug {
  readonly [name: string]: { readonly field?: string; readonly subject?: string }[];
}

/** Returns an error as the cases write it. */
export function readError(error: ConnectError): Json {
  const find = (name: string) => {
    const desc = present(registry.getMessage(`google.rpc.${name}`));
    const [found] = error.findDetails(desc);
    return found && (toJson(desc, found, { registry }) as unknown as Debug & Record<string, Json>);
  };
  const info = find("ErrorInfo");
  return {
    code: Code[error.code]?.replaceAll(/(?!^)([A-Z])/g, "_$1").toUpperCase() ?? "",
    message: error.rawMessage,
    domain: info?.["domain"] ?? "",
    reason: info?.["reason"] ?? "",
    metadata: info?.["metadata"] ?? {},
    fields: (find("BadRequest")?.["fieldViolations"] ?? []).map(({ field = "" }) => field),
    preconditions: (find("PreconditionFailure")?.["violations"] ?? []).map(({ subject = "" }) => subject),
    quotas: (find("QuotaFailure")?.["violations"] ?? []).map(({ subject = "" }) => subject),
    retry: find("RetryInfo") !== undefined,
  };
}
