import { Refusal, refuse } from "./errors";
import { type Description, type EnvironmentId, Fields, type Name, parseDisplayName, parseEtag } from "./fields";
import { type Page, type PageRequest, pageOf, parsePage } from "./page";
import type { EnvironmentRole } from "./role";
import { environmentContext, idsOf } from "./role-config";
import { type OrganizationScope, parseEnvironmentId, parseOrganizationScope } from "./scope";
import type { Slug } from "./slug";
import type { Environment } from "./state";
import { KeyTaken } from "./stores";
import type { Tools } from "./tools";
import { type Call, ownCall, parseAttempt } from "./attempt";

/** An environment as a caller sees it. */
export interface EnvironmentView {
  readonly id: EnvironmentId;
  readonly displayName: Name;
  readonly multipleRolesEnabled: boolean;
  readonly etag: string;
  readonly createTime: number;
  readonly updateTime: number;
}

export interface CreateEnvironment {
  readonly environmentId: string;
  readonly displayName: string;
  readonly requestId?: string | undefined;
}

export interface UpdateEnvironment {
  readonly environmentId: string;
  readonly environment: { readonly displayName: string; readonly multipleRolesEnabled: boolean } | undefined;
  readonly updateMask: readonly string[] | undefined;
  readonly etag?: string | undefined;
  readonly requestId?: string | undefined;
}

export interface DeleteEnvironment {
  readonly environmentId: string;
  readonly force: boolean;
  readonly requestId?: string | undefined;
}

/** Manages environments, and the data of whole organizations. */
export class EnvironmentService {
  constructor(private readonly tools: Tools) {}

  async createEnvironment(request: CreateEnvironment, call: Call): Promise<EnvironmentView> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const displayName = request.displayName
      ? fields.required("display_name", request.displayName, parseDisplayName)
      : (environmentId as string as Name);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    const { ids, clock, transactions } = this.tools;
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
      return await transactions.creatingEnvironment(environment, attempt, async (stores) => {
        await stores.roles.insert(environment.uid, member);
        return this.view(environment);
      });
    } catch (error) {
      throw error instanceof KeyTaken ? refuse.environmentExists(environmentId) : error;
    }
  }

  /** For environments that are to be there when the service starts. Writes nothing when they are: it may not be allowed. */
  async ensureEnvironment(environmentId: string): Promise<void> {
    try {
      await this.getEnvironment({ environmentId });
      return;
    } catch (error) {
      if (!(error instanceof Refusal && error.reason === "ENVIRONMENT_NOT_FOUND")) throw error;
    }
    try {
      await this.createEnvironment({ environmentId, displayName: "" }, ownCall);
    } catch (error) {
      if (!(error instanceof Refusal && error.reason === "ENVIRONMENT_EXISTS")) throw error;
    }
  }

  async getEnvironment(request: { readonly environmentId: string }): Promise<EnvironmentView> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    fields.check();
    return this.view(await this.tools.transactions.environment(environmentId));
  }

  async listEnvironments(request: PageRequest): Promise<Page<EnvironmentView>> {
    const fields = new Fields();
    const list = ["ListEnvironments"];
    const page = parsePage(fields, request, list);
    fields.check();

    const { size, after } = page();
    const found = await this.tools.transactions.environments(after?.key ?? "", size + 1);
    const { items, nextPageToken } = pageOf(list, found, size, (environment) => environment.id);
    return { items: items.map((environment) => this.view(environment)), nextPageToken };
  }

  async updateEnvironment(request: UpdateEnvironment, call: Call): Promise<EnvironmentView> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const mask = fields.mask(request.updateMask, ["display_name", "multiple_roles_enabled"]);
    const values = request.environment;
    if (!values) fields.refuse("environment", "is required");
    const changes = {
      ...(mask.has("display_name") && {
        displayName: fields.required("environment.display_name", values?.displayName, parseDisplayName),
      }),
      ...(mask.has("multiple_roles_enabled") && { multipleRolesEnabled: values?.multipleRolesEnabled ?? false }),
      updateTime: this.tools.clock(),
    };
    const etag = fields.optional("etag", request.etag, parseEtag);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    return this.tools.transactions.inEnvironment(environmentId, attempt, async (stores, state) => {
      const { environment } = state;
      if (etag && etag !== this.etag(environment)) throw refuse.etagMismatch(etag);
      if (environment.multipleRolesEnabled && changes.multipleRolesEnabled === false) {
        const order = idsOf(environmentContext(state).roles);
        const collapse = { revision: environment.revision, order, createTime: changes.updateTime };
        await stores.environments.lockSuccession(environment.uid);
        await stores.environments.insertCollapse(environment.uid, collapse);
        await stores.environments.requestSweep(environment.uid);
      }
      await stores.environments.update(environment.uid, changes);
      return this.view({ ...environment, ...changes });
    });
  }

  async deleteEnvironment(
    request: DeleteEnvironment,
    call: Call,
  ): Promise<{ readonly deletedOrganizationCount: number }> {
    const fields = new Fields();
    const environmentId = parseEnvironmentId(fields, request);
    const attempt = parseAttempt(fields, request.requestId, call);
    const { force } = request;
    fields.check();

    return this.tools.transactions.removingEnvironment(environmentId, attempt, async (stores, { uid }) => {
      if (!force) await stores.environments.closeToNewOrganizations(uid);
      const deletedOrganizationCount = await stores.organizations.count(uid);
      if (deletedOrganizationCount && !force) throw refuse.environmentNotEmpty(environmentId, deletedOrganizationCount);
      await stores.environments.remove(uid, this.tools.clock());
      return { deletedOrganizationCount };
    });
  }

  async deleteOrganizationData(
    request: OrganizationScope & { readonly requestId?: string | undefined },
    call: Call,
  ): Promise<{ readonly deletedRoleCount: number; readonly deletedMembershipCount: number }> {
    const fields = new Fields();
    const scope = parseOrganizationScope(fields, request);
    const attempt = parseAttempt(fields, request.requestId, call);
    fields.check();

    return this.tools.transactions.inScope(scope, attempt, async (stores, { state, organization }) => {
      if (!organization) return { deletedRoleCount: 0, deletedMembershipCount: 0 };
      const { uid } = state.environment;
      const deletedMembershipCount = await stores.memberships.count(uid, organization.uid);
      await stores.roles.removeAll(uid, scope.organizationId);
      await stores.organizations.remove(uid, organization, this.tools.clock());
      return { deletedRoleCount: organization.customRoles.length, deletedMembershipCount };
    });
  }

  private etag({ uid, displayName, multipleRolesEnabled }: Environment): string {
    return this.tools.digest(JSON.stringify([uid, displayName, multipleRolesEnabled]));
  }

  private view(environment: Environment): EnvironmentView {
    const { id, displayName, multipleRolesEnabled, createTime, updateTime } = environment;
    return { id, displayName, multipleRolesEnabled, createTime, updateTime, etag: this.etag(environment) };
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
