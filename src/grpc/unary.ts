import { randomUUID } from "node:crypto";
import { performance } from "node:perf_hooks";
import {
  type MethodDefinition,
  type ServerUnaryCall,
  type ServiceDefinition,
  type ServiceError,
  type handleUnaryCall,
  status as codes,
} from "@grpc/grpc-js";
import type { Logger } from "pino";
import type { Authenticator } from "../auth/authenticator";
import { type Caller, authorize } from "../domain/authorization";
import { Refusal } from "../domain/errors";
import type { Call } from "../domain/attempt";
import { type Actions, demandOf } from "./actions";
import { type Abandonment, type Admission, queueFull } from "./admission";
import { decode, fingerprintOf } from "./decode";
import { internalError, statusOf } from "./status";

/** A generated service definition. */
export type Service = Record<string, MethodDefinition<any, any>>; // each method has its own types: see Handlers

type RequestOf<Method> = Method extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type ResponseOf<Method> = Method extends { responseSerialize: (response: infer Response) => Buffer } ? Response : never;

/** A response that was encoded before. */
export type Encoded = Buffer;

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
  /** Milliseconds. */
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
    implementation[rpc] = unary(method, handlers[rpc as keyof S] as Handler, actions[rpc as keyof S], passage);
  }
  return { definition, implementation };
}

function unary(
  method: MethodDefinition<object, unknown>,
  handler: Handler,
  action: Actions<Service>[string],
  { authenticator, admission, log, onEnd, onShed, trace }: Passage,
): handleUnaryCall<Buffer, unknown> {
  return (call, respond) => {
    if (admission.full()) {
      onShed(method.path);
      return admission.refusals.do(() => respond(shed));
    }
    const start = performance.now();
    const given = new GivenUp(call);
    const requestId = requestIdOf(call);
    const traced = trace?.(method.path, (name) => headerOf(call, name));
    let caller: Caller | undefined;
    const answer = async () => {
      const known = authenticator.authenticate(
        headerOf(call, "authorization"),
        () => call.getAuthContext().sslPeerCertificate,
      );
      caller = known instanceof Promise ? await known : known;
      const request = decode(method, call.request);
      authorize(caller, demandOf(action, request));
      const turn = admission.admit(caller, given);
      if (turn) await turn;
      try {
        const work = () =>
          handler(request, {
            fingerprint: () => fingerprintOf(method, request),
            get signal() {
              return given.signal;
            },
          });
        return await (traced ? traced.run(work) : work());
      } finally {
        admission.release();
      }
    };
    const end = (code: codes, reason?: string) => {
      const duration = performance.now() - start;
      const name = codes[code] as keyof typeof codes;
      const ended: Ended = {
        method: method.path,
        code: name,
        reason,
        duration,
        caller: caller?.name,
        requestId,
        ...(traced && { traceId: traced.traceId }),
      };
      traced?.end(ended);
      onEnd(ended);
    };
    const fail = (error: Partial<ServiceError>, reason?: string) => {
      end(error.code ?? codes.UNKNOWN, reason);
      respond(error);
    };
    answer().then(
      (response) => {
        end(codes.OK);
        return respond(null, response);
      },
      (error: unknown) => {
        if (error instanceof Refusal) return fail(statusOf(error), error.reason);
        if (given.up) return fail({ code: codes.CANCELLED, details: cancelled.message });
        log.error({ err: error, method: method.path, requestId }, "internal error");
        fail(internalError(requestId), "INTERNAL");
      },
    );
  };
}

const shed = statusOf(queueFull);

const cancelled = new Error("The caller has given up");

/** Whether the caller has cancelled, or its deadline has passed. Most calls end before anybody wants to be told. */
class GivenUp implements Abandonment {
  private listens = false;
  private controller: AbortController | undefined;
  private listener: (() => void) | undefined;

  constructor(private readonly call: ServerUnaryCall<Buffer, unknown>) {}

  get up(): boolean {
    return this.call.cancelled;
  }

  get signal(): AbortSignal {
    this.controller ??= new AbortController();
    this.listen();
    if (this.up) this.controller.abort(cancelled);
    return this.controller.signal;
  }

  onUp(listener: (() => void) | undefined): void {
    this.listener = listener;
    if (listener) this.listen();
  }

  private listen(): void {
    if (this.listens) return;
    this.listens = true;
    this.call.on("cancelled", () => {
      this.controller?.abort(cancelled);
      this.listener?.();
    });
  }
}

function requestIdOf(call: ServerUnaryCall<Buffer, unknown>): string {
  const given = headerOf(call, "x-request-id");
  return given !== undefined && /^[!-~]{1,64}$/.test(given) ? given : randomUUID();
}

function headerOf({ metadata }: ServerUnaryCall<Buffer, unknown>, name: string): string | undefined {
  return metadata.get(name)[0]?.toString();
}
