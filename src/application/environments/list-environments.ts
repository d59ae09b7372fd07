import type { EnvironmentView } from "../../domain/environment";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Page, type PageRequest, pageOf, parsePageSize, parsePageToken } from "../request/page";
import { viewEnvironment } from "./view-environment";

/** Returns all environments, in order of their ids. */
export async function listEnvironments(
  dependencies: Dependencies,
  request: PageRequest,
): Promise<Page<EnvironmentView>> {
  const fields = new Fields();
  const { pageSize } = fields.check({ pageSize: parsePageSize(fields, request) });
  const list = ["ListEnvironments"];
  const after = parsePageToken(list, request);

  const found = await dependencies.transactions.listEnvironments(after?.key ?? "", pageSize + 1);
  const { items, nextPageToken } = pageOf(list, found, pageSize, (environment) => environment.id);
  return { items: items.map((environment) => viewEnvironment(dependencies, environment)), nextPageToken };
}
