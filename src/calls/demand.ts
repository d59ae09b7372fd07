import type { Demand } from "../domain/authorization";
import type { RpcDescription } from "./rpc";

interface Scoped {
  readonly environmentId?: string;
  readonly organizationId?: string | undefined;
  readonly memberships?: readonly { readonly organizationId: string }[];
  readonly checks?: readonly { readonly organizationId: string }[];
}

/** Returns what a request is about. Every request names its scope in the same fields, and a batch in those of its items. */
export function demandOf({ action, reach }: Pick<RpcDescription, "action" | "reach">, request: Scoped): Demand {
  const { environmentId, organizationId, memberships = [], checks = [] } = request;
  const items = [...memberships, ...checks].map((item) => item.organizationId);
  const organizationIds = organizationId === undefined ? items : [organizationId, ...items];
  return { action, environmentId, organizationIds, reach };
}
