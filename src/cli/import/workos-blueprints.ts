import type {
  Blueprint,
  EnvironmentBlueprint,
  OrganizationBlueprint,
  RoleBlueprint,
} from "../../application/blueprints/blueprint";
import { Fault } from "../../domain/fault";
import type { WorkosApi, WorkosMembership, WorkosPermission, WorkosRole } from "./workos-api";

/** What the API does not tell. */
export interface Unknowns {
  /** The slug of the environment's default role. */
  readonly defaultRole: string | undefined;
  /** The slugs of the default roles of organizations, by their ids. */
  readonly organizationDefaults: ReadonlyMap<string, string>;
  readonly multipleRoles: boolean | undefined;
  readonly members: boolean;
}

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
export async function readEnvironment(api: WorkosApi, unknowns: Unknowns): Promise<EnvironmentBlueprint> {
  const permissions: WorkosPermission[] = [];
  for await (const permission of api.permissions()) permissions.push(permission);
  const roles = ofOrganizations(await api.environmentRoles());
  const slugs = slugsOf(roles);
  const defaultRole = unknowns.defaultRole ?? slugs.find((slug) => slug === "member") ?? slugs.at(-1);
  if (defaultRole === undefined) throw new Fault("The environment has no role.");
  if (!slugs.includes(defaultRole))
    throw new Fault(`--default-role: the environment has no role "${defaultRole}", but ${slugs.join(", ")}.`);
  return {
    kind: "environment",
    multipleRolesEnabled: unknowns.multipleRoles ?? true, // it loses nothing
    permissions: permissions.map(itemOf),
    roles: roles.map(roleOf),
    defaultRole,
  };
}

/** Returns the blueprints of all organizations and their members. */
export async function* readOrganizations(
  api: WorkosApi,
  unknowns: Unknowns,
  environment: EnvironmentBlueprint,
): AsyncGenerator<Blueprint> {
  const missing = new Set(unknowns.organizationDefaults.keys());
  for await (const { id } of api.organizations()) {
    missing.delete(id);
    const roles = ofOrganizations(await api.organizationRoles(id));
    const own = organizationOf(id, roles, unknowns, environment);
    if (own) yield own;
    if (unknowns.members) yield* readMembers(api, id);
  }
  const [unknown] = missing;
  if (unknown !== undefined) throw new Fault(`--organization-default: there is no organization "${unknown}".`);
}

/** Returns the blueprint of an organization, undefined for one that inherits everything. */
function organizationOf(
  organizationId: string,
  roles: readonly WorkosRole[],
  { organizationDefaults }: Unknowns,
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
  const chosen = organizationDefaults.get(organizationId);
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
