import {
  type handleUnaryCall,
  type MethodDefinition,
  type sendUnaryData,
  type ServiceDefinition,
  type ServiceError,
  status as codes,
} from "@grpc/grpc-js";
import { performance } from "node:perf_hooks";
import type { Logger } from "pino";
import type { CallSignal } from "../application/ports/cancellation";
import type { Call } from "../application/request/idempotency";
import type { Authenticator } from "../auth/authenticator";
import { type Admission, type Cancellation, queueFull } from "../calls/admission";
import { type RequiredActions, demandOf } from "../calls/required-actions";
import { type Action, type Caller, authorize } from "../domain/authorization";
import { Refusal } from "../domain/errors";
import { turn } from "../event-loop/time-slices";
import { limits } from "../domain/limits";
import { decode, fingerprintOf } from "./decode";
import type { Encoded } from "./encoded";
import type { Exchange } from "./exchange";
import { exchangeOf } from "./hooks";
import type { RequestReader } from "./request-reader";
import { internalError, statusOf } from "./status";

/** A generated service definition. */
export type Service = Record<string, MethodDefinition<any, any>>;
// each method has its own types: see Handlers

type RequestOf<Method> = Method extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type ResponseOf<Method> = Method extends { responseSerialize: (response: infer Response) => Buffer } ? Response : never;

/** One function for each RPC: from the decoded request to the response message. */
export type Handlers<S extends Service> = {
  readonly [Rpc in keyof S]: (request: RequestOf<S[Rpc]>, call: Call) => Promise<ResponseOf<S[Rpc]> | Encoded>;
};

/** What the server is given for a service. */
export interface RegisteredService {
  readonly definition: ServiceDefinition;
  readonly implementation: Record<string, handleUnaryCall<Buffer, unknown>>;
  /** What happens at the headers of a call, by its path. `proceed` has grpc-js call the implementation. */
  readonly arrivals: ReadonlyMap<string, Arrival>;
}

export type Arrival = (exchange: Exchange, reader: RequestReader, proceed: () => void) => void;

/** What a call looked like when it had ended. */
export interface CallRecord {
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
  readonly end: (ended: CallRecord) => void;
}

export interface CallPipeline {
  readonly authenticator: Authenticator;
  readonly admission: Admission;
  readonly log: Logger;
  readonly onEnd: (ended: CallRecord) => void;
  /** A call of this method found the queue full, and was refused before anything of it was looked at. */
  readonly onLoadShed: (method: string) => void;
  /** Absent: calls are not traced. */
  readonly trace?: ((method: string, header: (name: string) => string | undefined) => TracedCall) | undefined;
}

type Handler = (request: object, call: Call) => Promise<unknown>;

/** What all calls of an RPC have in common. */
interface Route {
  readonly method: MethodDefinition<object, unknown>;
  readonly handler: Handler;
  readonly action: Action;
  readonly passage: CallPipeline;
}

/**
 * Binds handlers to a service. Every call of every RPC takes the same way. At its headers: who calls, and whether the
 * rate allows it; then its body is read; then what it asks, whether it may, its turn, and the handler. Every failure
 * becomes a status here. The bytes are decoded here rather than in grpc-js, which answers INTERNAL to what cannot be
 * decoded.
 */
export function registerService<S extends Service>(
  service: S,
  handlers: Handlers<S>,
  actions: RequiredActions<S>,
  passage: CallPipeline,
): RegisteredService {
  const definition: Record<string, MethodDefinition<Buffer, unknown>> = {};
  const implementation: RegisteredService["implementation"] = {};
  const arrivals = new Map<string, Arrival>();
  for (const [rpc, method] of Object.entries(service)) {
    definition[rpc] = {
      ...method,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (response) => (Buffer.isBuffer(response) ? response : method.responseSerialize(response)),
    };
    const route = { method, handler: handlers[rpc as keyof S] as Handler, action: actions[rpc as keyof S], passage };
    arrivals.set(method.path, (exchange, reader, proceed) => {
      if (passage.admission.full()) return shed(route, exchange);
      const call = new UnaryCall(route, exchange);
      exchange.call = call;
      void call.arrive(reader, proceed);
    });
    implementation[rpc] = (call, respond) => void (exchangeOf(call).call as UnaryCall).pass(call.request, respond);
  }
  return { definition, implementation, arrivals };
}

function shed({ method, passage }: Route, exchange: Exchange): void {
  const { refusals } = passage.admission;
  const refusal = () => exchange.refuse(statusOf(queueFull, exchange.requestId));
  passage.onLoadShed(method.path);
  exchange.discard();
  exchange.once("close", () => refusals.cancel(refusal));
  refusals.run(refusal);
}

/** Bytes of a request whose decoding takes as long as a slice of work. */
const largeRequest = 256 * 1024;

const cancelled = new Error("The caller has given up");

/** A call on its way, and all that it needs there in one object: closures for each of it keep more in memory for longer. */
class UnaryCall implements Call, Cancellation {
  private readonly traced: TracedCall | undefined;
  private caller: Caller | undefined;
  private request: object = {};
  private listens = false;
  private listener: (() => void) | undefined;

  constructor(
    private readonly route: Route,
    private readonly exchange: Exchange,
  ) {
    this.traced = route.passage.trace?.(route.method.path, (name) => this.header(name));
  }

  /** Identifies the caller, counts the call, and reads the request; then grpc-js goes on. */
  async arrive(reader: RequestReader, proceed: () => void): Promise<void> {
    const { exchange } = this;
    const { authenticator, admission } = this.route.passage;
    try {
      const known = authenticator.authenticate(this.header("authorization"), () => exchange.peerCertificate);
      // what the peer sends meanwhile is only counted where it is read
      const reading = known instanceof Promise ? reader.read(exchange, limits.requestBytes) : undefined;
      reading?.catch(() => undefined);
      this.caller = known instanceof Promise ? await known : known;
      const counted = admission.count(this.caller);
      if (counted) await counted;
      exchange.connection.trusted = true;
      await (reading ?? reader.read(exchange, limits.requestBytes));
    } catch (error) {
      return this.failInTurn(error);
    }
    if (this.isCancelled) return this.end(codes.CANCELLED);
    proceed();
  }

  /** Does what a complete request asks. */
  async pass(request: Buffer, respond: sendUnaryData<unknown>): Promise<void> {
    let response: unknown;
    try {
      response = await this.answer(request);
    } catch (error) {
      return this.fail(error);
    }
    respond(null, response);
    this.end(codes.OK);
  }

  fingerprint(): string {
    return fingerprintOf(this.route.method, this.request);
  }

  /** Whether the caller has cancelled, or its deadline has passed. */
  get isCancelled(): boolean {
    return this.exchange.closed;
  }

  get signal(): CallSignal {
    return this;
  }

  throwIfAborted(): void {
    if (this.isCancelled) throw cancelled;
  }

  /** Most calls end before anybody wants to be told. */
  onCancel(listener: (() => void) | undefined): void {
    this.listener = listener;
    if (!listener || this.listens) return;
    this.listens = true;
    this.exchange.once("close", () => this.listener?.());
  }

  private async answer(bytes: Buffer): Promise<unknown> {
    const { method, handler, action, passage } = this.route;
    if (!this.caller) throw new Error("a call is answered after its caller is known");
    this.request = decode(method, bytes);
    if (bytes.length > largeRequest) await turn();
    authorize(this.caller, demandOf(action, this.request));
    const admitted = passage.admission.admit(this);
    if (admitted) await admitted;
    try {
      return await (this.traced ? this.traced.run(() => handler(this.request, this)) : handler(this.request, this));
    } finally {
      passage.admission.release();
    }
  }

  /** Answers an error at the pace of refusals, or not at all when the caller goes away before. */
  private failInTurn(error: unknown): void {
    const { refusals } = this.route.passage.admission;
    if (this.isCancelled) return this.end(codes.CANCELLED);
    const failure = () => {
      this.onCancel(undefined);
      this.fail(error);
    };
    this.exchange.discard();
    this.onCancel(() => {
      if (refusals.cancel(failure)) this.end(codes.CANCELLED);
    });
    refusals.run(failure);
  }

  private fail(error: unknown): void {
    const { method, passage } = this.route;
    const { requestId } = this.exchange;
    if (error instanceof Refusal) {
      const { cause } = error;
      if (cause !== undefined) passage.log.debug({ err: cause, method: method.path, requestId }, "refused");
      return this.refuse(statusOf(error, requestId), error.reason);
    }
    if (this.isCancelled) return this.refuse({ code: codes.CANCELLED, details: cancelled.message });
    passage.log.error({ err: error, method: method.path, requestId }, "internal error");
    this.refuse(internalError(requestId), "INTERNAL");
  }

  private refuse(error: Partial<ServiceError>, reason?: string): void {
    this.exchange.refuse(error);
    this.end(error.code ?? codes.UNKNOWN, reason);
  }

  private end(code: codes, reason?: string): void {
    const { traced } = this;
    const ended: CallRecord = {
      method: this.route.method.path,
      code: codes[code] as keyof typeof codes,
      reason,
      duration: Math.round((performance.now() - this.exchange.since) * 1000) / 1000,
      caller: this.caller?.name,
      requestId: this.exchange.requestId,
      ...(traced && { traceId: traced.traceId }),
    };
    traced?.end(ended);
    this.route.passage.onEnd(ended);
  }

  private header(name: string): string | undefined {
    const value = this.exchange.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }
}
