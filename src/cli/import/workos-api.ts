import { setTimeout as sleep } from "node:timers/promises";
import { ExponentialBackoff, handleType, retry } from "cockatiel";
import { z } from "zod";
import { escapeUnseen } from "../../display/shown-text";
import { Fault } from "../../domain/fault";

const permission = z.object({ slug: z.string(), name: z.string(), description: z.string().nullish() });
const role = permission.extend({
  type: z.enum(["EnvironmentRole", "OrganizationRole"]),
  resource_type_slug: z.string().default("organization"),
  permissions: z.array(z.string()).default([]),
});
const organization = z.object({ id: z.string() });
const named = z.object({ slug: z.string() });
const membership = z.object({ user_id: z.string(), role: named.nullish(), roles: z.array(named).nullish() });

const page = z.object({
  data: z.array(z.unknown()),
  list_metadata: z.object({ after: z.string().nullish() }).nullish(),
});

export type WorkosPermission = z.output<typeof permission>;
export type WorkosRole = z.output<typeof role>;
export type WorkosMembership = z.output<typeof membership>;

/** Milliseconds for one response. */
const timeout = 30_000;
/** The most seconds that a server may ask to wait. */
const longestWait = 60;

/** Reports a response that another attempt may mend. */
class Unavailable extends Fault {}

/** Reads the roles of an environment through the REST API of WorkOS. Throws a Fault that people read. */
export class WorkosApi {
  private readonly attempts = retry(handleType(Unavailable), {
    maxAttempts: 5,
    backoff: new ExponentialBackoff({ initialDelay: 500, maxDelay: 10_000 }),
  });

  constructor(
    private readonly base: URL,
    private readonly key: string,
  ) {}

  readonly permissions = () => this.all("/authorization/permissions", permission);
  readonly organizations = () => this.all("/organizations", organization);

  /** Returns the environment's roles, the highest priority first. */
  readonly environmentRoles = () => this.roles("/authorization/roles");

  /** Returns the roles of an organization with those of the environment, the highest priority first. */
  readonly organizationRoles = (id: string) =>
    this.roles(`/authorization/organizations/${encodeURIComponent(id)}/roles`);

  readonly memberships = (organizationId: string) =>
    this.all("/user_management/organization_memberships", membership, { organization_id: organizationId });

  private async roles(path: string): Promise<WorkosRole[]> {
    const { data } = parse(page, await this.get(path, {}), path);
    return parse(z.array(role), data, path);
  }

  /** Reads all pages of a list, the oldest item first, so that what is created meanwhile comes last. */
  private async *all<Item extends z.ZodType>(
    path: string,
    item: Item,
    parameters: Readonly<Record<string, string>> = {},
  ): AsyncGenerator<z.output<Item>> {
    for (let after: string | undefined; ; ) {
      const query = { ...parameters, limit: "100", order: "asc", ...(after === undefined ? {} : { after }) };
      const { data, list_metadata } = parse(page, await this.get(path, query), path);
      yield* parse(z.array(item), data, path);
      const next = list_metadata?.after ?? undefined;
      if (next === undefined) return;
      if (next === after) throw new Fault(`GET ${path}: the list does not end.`);
      after = next;
    }
  }

  private get(path: string, query: Readonly<Record<string, string>>): Promise<unknown> {
    const url = new URL(path, this.base);
    url.search = new URLSearchParams(query).toString();
    return this.attempts.execute(() => this.attempt(url));
  }

  private async attempt(url: URL): Promise<unknown> {
    const shown = `GET ${url.origin}${url.pathname}`;
    const headers = { authorization: `Bearer ${this.key}`, accept: "application/json" };
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, { headers, redirect: "manual", signal: AbortSignal.timeout(timeout) });
      text = await response.text();
    } catch (error) {
      const { message, cause } = error as Error;
      throw new Unavailable(`${shown}: ${cause instanceof Error ? cause.message : message}`);
    }
    if (response.ok) return parseJson(text, shown);
    const fault = `${shown}: ${response.status} ${escapeUnseen(text.slice(0, 300))}`;
    if (response.status === 401) throw new Fault(`The server does not accept the key of WORKOS_API_KEY. ${fault}`);
    if (response.status !== 429 && response.status < 500) throw new Fault(fault);
    await sleep(1000 * Math.min(longestWait, Number(response.headers.get("retry-after")) || 0));
    throw new Unavailable(fault);
  }
}

function parseJson(text: string, shown: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Fault(`${shown}: the response is not JSON.`);
  }
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, path: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Fault(`GET ${path}: the response has another form than expected:\n${z.prettifyError(result.error)}`);
}
