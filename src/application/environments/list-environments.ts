import type { Environment, EnvironmentView } from "../../domain/environment";
import type { EnvironmentId } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { type Call, callerOf } from "../request/idempotency";
import { Fields } from "../request/fields";
import { type Page, type PageRequest, pageOf, parsePageSize, parsePageToken } from "../request/page";
import { readAmong } from "../request/read-among";
import { viewEnvironment } from "./view-environment";

/** Returns the environments that the caller may read, in order of their ids. */
export async function listEnvironments(
  dependencies: Dependencies,
  request: PageRequest,
  call: Call,
): Promise<Page<EnvironmentView>> {
  const fields = new Fields();
  const { pageSize } = fields.check({ pageSize: parsePageSize(fields, request) });
  const list = ["ListEnvironments"];
  const after = parsePageToken(list, request);

  const { environments } = callerOf(call);
  const { transactions } = dependencies;
  const limit = pageSize + 1;
  const found =
    environments === "*"
      ? await transactions.listEnvironments(after?.key ?? "", limit)
      : await readAmong<EnvironmentId, Environment>(environments, after?.key ?? "", limit, (ids) =>
          transactions.findEnvironments(ids),
        );
  const { items, nextPageToken } = pageOf(list, found, pageSize, (environment) => environment.id);
  return { items: items.map((environment) => viewEnvironment(dependencies, environment)), nextPageToken };
}
