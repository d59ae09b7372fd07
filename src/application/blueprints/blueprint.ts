import { Refusal } from "../../domain/errors";

export interface PermissionBlueprint {
  readonly slug: string;
  readonly name: string;
  readonly description: string;
}

export interface RoleBlueprint extends PermissionBlueprint {
  readonly permissions: readonly string[];
}

/** The wanted content of an environment. An undefined field stays as it is. */
export interface EnvironmentBlueprint {
  readonly kind: "environment";
  readonly displayName?: string | undefined;
  readonly multipleRolesEnabled?: boolean | undefined;
  readonly escalationGuardEnabled?: boolean | undefined;
  readonly permissions?: readonly PermissionBlueprint[] | undefined;
  /** Highest priority first. */
  readonly roles?: readonly RoleBlueprint[] | undefined;
  readonly defaultRole?: string | undefined;
}

/** The wanted content of an organization. An undefined field stays as it is. */
export interface OrganizationBlueprint {
  readonly kind: "organization";
  readonly organizationId: string;
  readonly roles?: readonly RoleBlueprint[] | undefined;
  readonly defaultRole?: string | undefined;
  /** Highest first. Roles in force that it does not name follow in their present order. */
  readonly priority?: readonly string[] | undefined;
  /** The role of each group. */
  readonly groups?: ReadonlyMap<string, string> | undefined;
}

/** Some members of an organization, and their roles. Other members stay as they are. */
export interface MembersBlueprint {
  readonly kind: "members";
  readonly organizationId: string;
  readonly members: ReadonlyMap<string, readonly string[]>;
}

export type Blueprint = EnvironmentBlueprint | OrganizationBlueprint | MembersBlueprint;

/** The present content of an environment or an organization. */
export type Present<Kind extends Blueprint> = { readonly [Field in keyof Kind]-?: Exclude<Kind[Field], undefined> };
export type PresentOrganization = Present<OrganizationBlueprint> & { readonly inheritsEnvironment: boolean };

/** A place in a blueprint: fields, slugs and ids, such as `roles`, `admin`, `permissions`, `docs:read`. */
export type BlueprintPath = readonly string[];

/** A refusal of one part of a blueprint. */
export class BlueprintRefusal extends Refusal {
  constructor(
    refusal: Refusal,
    readonly path: BlueprintPath,
    message = refusal.message,
  ) {
    super(refusal.reason, message, refusal.metadata, refusal.details);
  }
}
