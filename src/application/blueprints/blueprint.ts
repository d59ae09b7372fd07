import { Refusal } from "../../domain/errors";

export interface PermissionBlueprint {
  readonly slug: string;
  readonly name: string;
  readonly description: string;
}

export interface RoleBlueprint extends PermissionBlueprint {
  readonly permissions: readonly string[];
}

/** What an environment is to hold. What is undefined may be as it is. */
export interface EnvironmentBlueprint {
  readonly kind: "environment";
  readonly displayName?: string | undefined;
  readonly multipleRolesEnabled?: boolean | undefined;
  readonly permissions?: readonly PermissionBlueprint[] | undefined;
  /** Highest priority first. */
  readonly roles?: readonly RoleBlueprint[] | undefined;
  readonly defaultRole?: string | undefined;
}

/** What an organization is to hold of its own. */
export interface OrganizationBlueprint {
  readonly kind: "organization";
  readonly organizationId: string;
  readonly roles?: readonly RoleBlueprint[] | undefined;
  readonly defaultRole?: string | undefined;
  /** Highest first; effective roles that it does not name follow in the order they have. */
  readonly priority?: readonly string[] | undefined;
  /** The role of each group. */
  readonly groups?: ReadonlyMap<string, string> | undefined;
}

/** Some members of an organization, and their roles; others are left alone. */
export interface MembersBlueprint {
  readonly kind: "members";
  readonly organizationId: string;
  readonly members: ReadonlyMap<string, readonly string[]>;
}

export type Blueprint = EnvironmentBlueprint | OrganizationBlueprint | MembersBlueprint;

/** An environment, or an organization, as it is. */
export type Present<Kind extends Blueprint> = { readonly [Field in keyof Kind]-?: Exclude<Kind[Field], undefined> };
export type PresentOrganization = Present<OrganizationBlueprint> & { readonly inheritsEnvironment: boolean };

/** Where something stands in a blueprint: fields, slugs and ids, such as `roles`, `admin`, `permissions`, `docs:read`. */
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
