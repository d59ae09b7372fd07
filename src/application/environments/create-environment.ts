import type { Environment, EnvironmentView } from "../../domain/environment";
import { Refusal, refuse } from "../../domain/errors";
import type { EnvironmentRole } from "../../domain/role";
import type { Slug } from "../../domain/slug";
import { type Description, type Name, parseDisplayName } from "../../domain/values";
import type { Dependencies } from "../dependencies";
import { KeyTaken } from "../ports/unit-of-work";
import { Fields } from "../request/fields";
import { type Call, ownCall, parseWriteContext } from "../request/idempotency";
import { parseEnvironmentId } from "../request/scope";
import { getEnvironment } from "./read-environments";
import { viewEnvironment } from "./view-environment";

export interface CreateEnvironment {
  readonly environmentId: string;
  readonly displayName: string;
  readonly requestId?: string | undefined;
}

export async function createEnvironment(
  dependencies: Dependencies,
  request: CreateEnvironment,
  call: Call,
): Promise<EnvironmentView> {
  const fields = new Fields();
  const environmentId = parseEnvironmentId(fields, request);
  const displayName = request.displayName
    ? fields.required("display_name", request.displayName, parseDisplayName)
    : (environmentId as string as Name);
  const context = parseWriteContext(fields, request.requestId, call);
  fields.check();

  const { ids, clock, transactions } = dependencies;
  const time = clock();
  const member = memberRole(ids.role(), time);
  const environment: Environment = {
    uid: ids.environment(),
    id: environmentId,
    displayName,
    multipleRolesEnabled: false,
    createTime: time,
    updateTime: time,
    revision: 1,
    defaultRoleId: member.id,
    order: [member.id],
  };
  try {
    return await transactions.createEnvironment(environment, context, async (stores) => {
      await stores.roles.insert(environment.uid, member);
      return viewEnvironment(dependencies, environment);
    });
  } catch (error) {
    throw error instanceof KeyTaken ? refuse.environmentExists(environmentId) : error;
  }
}

/** For environments that are to be there when the service starts. Writes nothing when they are: it may not be allowed. */
export async function ensureEnvironment(dependencies: Dependencies, environmentId: string): Promise<void> {
  try {
    await getEnvironment(dependencies, { environmentId });
    return;
  } catch (error) {
    if (!(error instanceof Refusal && error.reason === "ENVIRONMENT_NOT_FOUND")) throw error;
  }
  try {
    await createEnvironment(dependencies, { environmentId, displayName: "" }, ownCall);
  } catch (error) {
    if (!(error instanceof Refusal && error.reason === "ENVIRONMENT_EXISTS")) throw error;
  }
}

/** The role every environment begins with, its default. */
export const firstRole = { slug: "member", name: "Member", description: "" } as const;

function memberRole(id: EnvironmentRole["id"], time: number): EnvironmentRole {
  return {
    id,
    organizationId: "",
    slug: firstRole.slug as string as Slug,
    name: firstRole.name as string as Name,
    description: firstRole.description as string as Description,
    createdRevision: 1,
    createTime: time,
    updateTime: time,
  };
}
