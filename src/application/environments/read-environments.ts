import type { EnvironmentView } from "../../domain/environment";
import type { Dependencies } from "../dependencies";
import { Fields } from "../request/fields";
import { type Page, type PageRequest, pageOf, parsePage } from "../request/page";
import { parseEnvironmentId } from "../request/scope";
import { viewEnvironment } from "./view-environment";

export async function getEnvironment(
  dependencies: Dependencies,
  request: { readonly environmentId: string },
): Promise<EnvironmentView> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  fields.check();
  return viewEnvironment(dependencies, await dependencies.transactions.getEnvironment(environmentId));
}

export async function listEnvironments(
  dependencies: Dependencies,
  request: PageRequest,
): Promise<Page<EnvironmentView>> {
  const fields = new Fields();
  const list = ["ListEnvironments"];
  const page = parsePage(fields, request, list);
  fields.check();

  const { size, after } = page();
  const found = await dependencies.transactions.listEnvironments(after?.key ?? "", size + 1);
  const { items, nextPageToken } = pageOf(list, found, size, (environment) => environment.id);
  return { items: items.map((environment) => viewEnvironment(dependencies, environment)), nextPageToken };
}
