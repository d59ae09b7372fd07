import type { z } from "zod";
import type { Call } from "../application/request/idempotency";
import type { Action, Reach } from "../domain/authorization";
import type { Reason } from "../domain/errors";
import type { EnvironmentId } from "../domain/values";
import type { Answer } from "./codes";
import type { WorkosIds } from "./ids";
import { parseValue } from "./parse";

export type Verb = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The parts of a request before they are parsed. */
export interface Received {
  readonly environmentId: EnvironmentId;
  readonly ids: WorkosIds;
  /** The parts of the path, by the names in braces. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: unknown;
  readonly body: unknown;
  /** Stands for the `Idempotency-Key`. */
  readonly requestId: string | undefined;
}

/** Parses the parts of a request. */
export class Input {
  readonly environmentId: EnvironmentId;
  readonly ids: WorkosIds;
  readonly requestId: string | undefined;

  constructor(private readonly received: Received) {
    ({ environmentId: this.environmentId, ids: this.ids, requestId: this.requestId } = received);
  }

  /** Returns a part of the path. */
  part(name: string): string {
    return this.received.path[name] ?? "";
  }

  body<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
    return parseValue(schema, this.received.body);
  }

  query<Schema extends z.ZodType>(schema: Schema): z.output<Schema> {
    return parseValue(schema, this.received.query);
  }
}

/** A request as a use case takes it: it names what it is about in the fields that authorization reads. */
export interface EndpointRequest {
  readonly environmentId: EnvironmentId;
  readonly organizationId?: string | undefined;
}

/** One path and method, and the use case that serves it. */
export interface Endpoint {
  /** Its name in logs and metrics. */
  readonly name: string;
  readonly verb: Verb;
  /** Its path, with names in braces for the parts that vary. */
  readonly path: string;
  readonly action: Action;
  readonly reach: Reach;
  readonly status: 200 | 201 | 204;
  /** Answers that differ from those of other endpoints. */
  readonly answers: Partial<Record<Reason, Answer>>;
  readonly read: (input: Input) => EndpointRequest;
  /** Returns the body of the response. */
  readonly handle: (request: object, call: Call, ids: WorkosIds) => Promise<unknown>;
}

/** An endpoint whose request has a type, before it stands in a list with others. */
export interface TypedEndpoint<Request extends EndpointRequest>
  extends Partial<Pick<Endpoint, "reach" | "status" | "answers">>,
    Pick<Endpoint, "name" | "action"> {
  /** The method and the path. */
  readonly at: `${Verb} /${string}`;
  readonly read: (input: Input) => Request;
  readonly handle: (request: Request, call: Call, ids: WorkosIds) => Promise<unknown>;
}

export function endpoint<Request extends EndpointRequest>({
  at,
  reach = "named",
  status = 200,
  answers = {},
  handle,
  ...rest
}: TypedEndpoint<Request>): Endpoint {
  const [verb, path = ""] = at.split(" ");
  // `handle` gets what `read` has returned
  return { ...rest, verb: verb as Verb, path, reach, status, answers, handle: handle as Endpoint["handle"] };
}
