import type {
  Blueprint,
  EnvironmentBlueprint,
  OrganizationBlueprint,
  RoleBlueprint,
} from "../../application/blueprints/blueprint";
import { Fault } from "../../domain/fault";
import type { WorkosApi, WorkosMembership, WorkosPermission, WorkosRole } from "./workos-api";

/** Values that the API does not return, and whether memberships are read. */
export interface Choices {
  /** The slug of the environment's default role. */
  readonly defaultRole?: string | undefined;
  /** The slugs of the default roles of organizations, by their ids. */
  readonly organizationDefault?: ReadonlyMap<string, string> | undefined;
  readonly multipleRoles?: "on" | "off" | undefined;
  readonly members: boolean;
}

const noDefaults: ReadonlyMap<string, string> = new Map();

/** How many members one document contains at most. */
const membersOfDocument = 1000;

const itemOf = ({ slug, name, description }: WorkosPermission) => ({ slug, name, description: description ?? "" });
const roleOf = (role: WorkosRole): RoleBlueprint => ({ ...itemOf(role), permissions: role.permissions });
const slugsOf = (roles: readonly WorkosRole[]) => roles.map(({ slug }) => slug);
const ofOrganizations = (roles: readonly WorkosRole[]) =>
  roles.filter(({ resource_type_slug: type }) => type === "organization");
const rolesOf = ({ role, roles }: WorkosMembership) =>
  (roles?.length ? roles : role ? [role] : []).map(({ slug }) => slug);

/** Returns the blueprint of the environment. Its default role is assumed if it is not given: `member`, or the lowest role. */
export async function readEnvironment(api: WorkosApi, choices: Choices): Promise<EnvironmentBlueprint> {
  const permissions: WorkosPermission[] = [];
  for await (const permission of api.permissions()) permissions.push(permission);
  const roles = ofOrganizations(await api.environmentRoles());
  const slugs = slugsOf(roles);
  const defaultRole = choices.defaultRole ?? (slugs.includes("member") ? "member" : slugs.at(-1));
  if (defaultRole === undefined) throw new Fault("The environment has no role.");
  if (!slugs.includes(defaultRole))
    throw new Fault(`--default-role: the environment has no role "${defaultRole}", but ${slugs.join(", ")}.`);
  return {
    kind: "environment",
    multipleRolesEnabled: choices.multipleRoles !== "off", // on loses nothing
    permissions: permissions.map(itemOf),
    roles: roles.map(roleOf),
    defaultRole,
  };
}

/** Returns the blueprints of all organizations and their members. */
export async function* readOrganizations(
  api: WorkosApi,
  choices: Choices,
  environment: EnvironmentBlueprint,
): AsyncGenerator<Blueprint> {
  const { organizationDefault = noDefaults } = choices;
  const missing = new Set(organizationDefault.keys());
  for await (const { id } of api.organizations()) {
    missing.delete(id);
    const roles = ofOrganizations(await api.organizationRoles(id));
    const own = organizationOf(id, roles, organizationDefault.get(id), environment);
    if (own) yield own;
    if (choices.members) yield* readMembers(api, id);
  }
  const [unknown] = missing;
  if (unknown !== undefined) throw new Fault(`--organization-default: there is no organization "${unknown}".`);
}

/** Returns the blueprint of an organization, undefined for one that inherits everything. */
function organizationOf(
  organizationId: string,
  roles: readonly WorkosRole[],
  chosen: string | undefined,
  environment: EnvironmentBlueprint,
): OrganizationBlueprint | undefined {
  const inherited = environment.roles?.map(({ slug }) => slug) ?? [];
  const custom = roles.filter(({ type }) => type === "OrganizationRole");
  const hidden = custom.find(({ slug }) => inherited.includes(slug));
  if (hidden)
    throw new Fault(
      `Organization "${organizationId}" has a role "${hidden.slug}" of its own, and so has the environment. ` +
        "A slug names one role here: give one of them another slug there, and import again.",
    );
  const priority = slugsOf(roles);
  const hasOwnOrder = custom.length > 0 || priority.join() !== inherited.join();
  if (!hasOwnOrder && chosen === undefined) return undefined;
  const defaultRole = chosen ?? environment.defaultRole;
  if (chosen !== undefined && !priority.includes(chosen))
    throw new Fault(`--organization-default: "${organizationId}" has no role "${chosen}", but ${priority.join(", ")}.`);
  return { kind: "organization", organizationId, roles: custom.map(roleOf), defaultRole, priority };
}

async function* readMembers(api: WorkosApi, organizationId: string): AsyncGenerator<Blueprint> {
  let members = new Map<string, readonly string[]>();
  for await (const membership of api.memberships(organizationId)) {
    members.set(membership.user_id, rolesOf(membership));
    if (members.size < membersOfDocument) continue;
    yield { kind: "members", organizationId, members };
    members = new Map();
  }
  if (members.size) yield { kind: "members", organizationId, members };
}
