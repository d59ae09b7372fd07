import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import {
  type MethodDefinition,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type handleUnaryCall,
  type sendUnaryData,
  status as codes,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator";
import { type Action, type Caller, authorize } from "../domain/authorization";
import { Refusal } from "../domain/errors";
import type { Call } from "../domain/attempt";
import type { CallSignal } from "../domain/stores";
import { type Actions, demandOf } from "./actions";
import { type Abandonment, type Admission, queueFull } from "./admission";
import { decode, fingerprintOf } from "./decode";
import type { Encoded } from "./encoded";
import { internalError, statusOf } from "./status";

/** A generated service definition. */
export type Service = Record<string, MethodDefinition<any, any>>; // each method has its own types: see Handlers

type RequestOf<Method> = Method extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type ResponseOf<Method> = Method extends { responseSerialize: (response: infer Response) => Buffer } ? Response : never;

/** One function for each RPC: from the decoded request to the response message. */
export type Handlers<S extends Service> = {
  readonly [Rpc in keyof S]: (request: RequestOf<S[Rpc]>, call: Call) => Promise<ResponseOf<S[Rpc]> | Encoded>;
};

/** What grpc-js is given for a service. */
export interface Bound {
  readonly definition: ServiceDefinition;
  readonly implementation: Record<string, handleUnaryCall<Buffer, unknown>>;
}

/** What a call looked like when it had ended. */
export interface Ended {
  /** `/package.Service/Method`. */
  readonly method: string;
  readonly code: keyof typeof codes;
  /** Of a failure. */
  readonly reason: string | undefined;
  /** Milliseconds, in thousandths. */
  readonly duration: number;
  /** Absent where the credentials were not known. */
  readonly caller: string | undefined;
  /** The caller's own from the header `x-request-id`, else one that was made for the call. */
  readonly requestId: string;
  /** Absent where calls are not traced. */
  readonly traceId?: string;
}

/** A call in its trace. */
export interface TracedCall {
  readonly traceId: string;
  readonly run: <T>(work: () => T) => T;
  readonly end: (ended: Ended) => void;
}

export interface Passage {
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly log: Logger;
  readonly onEnd: (ended: Ended) => void;
  /** A call of this method found the queue full, and was refused before anything of it was looked at. */
  readonly onShed: (method: string) => void;
  /** Absent: calls are not traced. */
  readonly trace?: ((method: string, header: (name: string) => string | undefined) => TracedCall) | undefined;
}

type Handler = (request: object, call: Call) => Promise<unknown>;

/** What all calls of an RPC have in common. */
interface Route {
  readonly method: MethodDefinition<object, unknown>;
  readonly handler: Handler;
  readonly action: Action;
  readonly passage: Passage;
}

/**
 * Binds handlers to a service. Every call of every RPC takes the same way: who calls, what it asks, whether it may, its
 * turn, and then the handler; every failure becomes a status here. The bytes are decoded here rather than in grpc-js,
 * which answers INTERNAL to what cannot be decoded.
 */
export function bind<S extends Service>(
  service: S,
  handlers: Handlers<S>,
  actions: Actions<S>,
  passage: Passage,
): Bound {
  const definition: Record<string, MethodDefinition<Buffer, unknown>> = {};
  const implementation: Bound["implementation"] = {};
  for (const [rpc, method] of Object.entries(service)) {
    definition[rpc] = {
      ...method,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (response) => (Buffer.isBuffer(response) ? response : method.responseSerialize(response)),
    };
    const handler = handlers[rpc as keyof S] as Handler;
    implementation[rpc] = unary({ method, handler, action: actions[rpc as keyof S], passage });
  }
  return { definition, implementation };
}

function unary(route: Route): handleUnaryCall<Buffer, unknown> {
  const { method, passage } = route;
  return (call, respond) => {
    if (passage.admission.full()) {
      passage.onShed(method.path);
      passage.admission.refusals.do(() => respond(shed));
    } else void new UnaryCall(route, call, respond).pass();
  };
}

const shed = statusOf(queueFull);

const cancelled = new Error("The caller has given up");

/** A call on its way, and all that it needs there in one object: closures for each of it keep more in memory for longer. */
class UnaryCall implements Call, Abandonment {
  private readonly start = performance.now();
  private readonly requestId: string;
  private readonly traced: TracedCall | undefined;
  private caller: Caller | undefined;
  private request: object = {};
  private listens = false;
  private listener: (() => void) | undefined;

  constructor(
    private readonly route: Route,
    private readonly call: ServerUnaryCall<Buffer, unknown>,
    private readonly respond: sendUnaryData<unknown>,
  ) {
    this.requestId = requestIdOf(call);
    this.traced = route.passage.trace?.(route.method.path, (name) => headerOf(call, name));
  }

  async pass(): Promise<void> {
    let response: unknown;
    try {
      response = await this.answer();
    } catch (error) {
      return this.fail(error);
    }
    this.respond(null, response);
    this.end(codes.OK);
  }

  fingerprint(): string {
    return fingerprintOf(this.route.method, this.request);
  }

  /** Whether the caller has cancelled, or its deadline has passed. */
  get up(): boolean {
    return this.call.cancelled;
  }

  get signal(): CallSignal {
    return this;
  }

  throwIfAborted(): void {
    if (this.up) throw cancelled;
  }

  /** Most calls end before anybody wants to be told. */
  onUp(listener: (() => void) | undefined): void {
    this.listener = listener;
    if (!listener || this.listens) return;
    this.listens = true;
    this.call.on("cancelled", () => this.listener?.());
  }

  private async answer(): Promise<unknown> {
    const { method, handler, action, passage } = this.route;
    const { authenticator, admission } = passage;
    const known = authenticator.authenticate(
      headerOf(this.call, "authorization"),
      () => this.call.getAuthContext().sslPeerCertificate,
    );
    this.caller = known instanceof Promise ? await known : known;
    this.request = decode(method, this.call.request);
    authorize(this.caller, demandOf(action, this.request));
    const turn = admission.admit(this.caller, this);
    if (turn) await turn;
    try {
      return await (this.traced ? this.traced.run(() => handler(this.request, this)) : handler(this.request, this));
    } finally {
      admission.release();
    }
  }

  private fail(error: unknown): void {
    const { method, passage } = this.route;
    const { requestId } = this;
    if (error instanceof Refusal) {
      const { cause } = error;
      if (cause !== undefined) passage.log.debug({ err: cause, method: method.path, requestId }, "refused");
      return this.refuse(statusOf(error), error.reason);
    }
    if (this.up) return this.refuse({ code: codes.CANCELLED, details: cancelled.message });
    passage.log.error({ err: error, method: method.path, requestId }, "internal error");
    this.refuse(internalError(requestId), "INTERNAL");
  }

  private refuse(error: Partial<ServiceError>, reason?: string): void {
    this.respond(error);
    this.end(error.code ?? codes.UNKNOWN, reason);
  }

  private end(code: codes, reason?: string): void {
    const { traced } = this;
    const ended: Ended = {
      method: this.route.method.path,
      code: codes[code] as keyof typeof codes,
      reason,
      duration: Math.round((performance.now() - this.start) * 1000) / 1000,
      caller: this.caller?.name,
      requestId: this.requestId,
      ...(traced && { traceId: traced.traceId }),
    };
    traced?.end(ended);
    this.route.passage.onEnd(ended);
  }
}

function requestIdOf(call: ServerUnaryCall<Buffer, unknown>): string {
  const given = headerOf(call, "x-request-id");
  return given !== undefined && /^[!-~]{1,64}$/.test(given) ? given : randomUUID();
}

function headerOf({ metadata }: ServerUnaryCall<Buffer, unknown>, name: string): string | undefined {
  return metadata.get(name)[0]?.toString();
}
