import type { Caller } from "../../domain/authorization";
import type { Author } from "../../domain/event";
import { Fault } from "../../domain/fault";
import { type RequestId, type UserId, parseRequestId } from "../../domain/values";
import type { CallSignal } from "../ports/cancellation";
import { type Fields, type Invalid, invalid } from "./fields";

/** A call as its transport describes it. */
export interface Call {
  /** Returns a digest of method, request and author: two calls with one request id must have the same. */
  fingerprint(): string;
  /** Returns the digest that the version before stored for the same call. Absent if it is the same. */
  earlierFingerprint?(): string;
  /** Aborted when the caller has cancelled. */
  readonly signal: CallSignal;
  /** The author of the changes that the call makes. */
  readonly author: Author;
  /** The organizations that the caller is restricted to; undefined if it is not restricted. */
  readonly organizations: ReadonlySet<string> | undefined;
  /** Undefined before the caller is identified: use `callerOf`. */
  readonly caller: Caller | undefined;
}

/** Returns the caller of a call that has passed its identification. */
export function callerOf({ caller }: Pick<Call, "caller">): Caller {
  if (!caller) throw new Fault("a call went on before its caller was identified");
  return caller;
}

/** A call whose response is a stream. Its signal is aborted when the caller has cancelled, or the server ends the stream. */
export interface StreamingCall extends Call {
  readonly signal: AbortSignal;
}

/** The service itself, as the author of changes. */
export const ownAuthor: Author = { actor: "orgroles", actingUserId: "", callId: "" };

/** A call that the service makes by itself: nobody cancels it, and nobody repeats it. */
export const ownCall: Call = {
  fingerprint: () => "",
  signal: new AbortController().signal,
  author: ownAuthor,
  organizations: undefined,
  caller: { name: ownAuthor.actor, action: "admin", environments: "*" },
};

/** A call that applies a part of a blueprint. */
export const applyCall: Call = { ...ownCall, author: { ...ownAuthor, actor: "orgroles apply" } };

/** Returns a call that applies a part of a blueprint for a user. */
export const applyCallFor = (actingUserId: UserId): Call => ({
  ...applyCall,
  author: { ...applyCall.author, actingUserId },
});

/** A request id, and the fingerprint of the request that it stands for. */
export class IdempotencyKey {
  private digest: string | undefined;

  constructor(
    readonly requestId: RequestId,
    private readonly call: Call,
  ) {}

  /** Returns whether a stored digest is what the version before made of this request. */
  matchesEarlier(fingerprint: string): boolean {
    return fingerprint === this.call.earlierFingerprint?.();
  }

  /** Computed when it is needed first: a request that breaks a rule does not need it, however large it is. */
  get fingerprint(): string {
    this.digest ??= this.call.fingerprint();
    return this.digest;
  }
}

/** The part of a call that its transaction needs. */
export interface WriteContext {
  readonly signal: CallSignal;
  /** Absent if every call is a new request. */
  readonly idempotencyKey: IdempotencyKey | undefined;
  readonly author: Author;
}

export function parseWriteContext(
  fields: Fields,
  { requestId }: { readonly requestId?: string | undefined },
  call: Call,
): WriteContext | Invalid {
  const parsed = fields.optional("request_id", requestId, parseRequestId);
  if (parsed === invalid) return invalid;
  const { signal, author } = call;
  return { signal, idempotencyKey: parsed && new IdempotencyKey(parsed, call), author };
}
