import type { Environment } from "../../domain/environment";
import type { EnvironmentUid } from "../../domain/ids";
import type { MemberKey, Membership } from "../../domain/membership";
import type { Organization } from "../../domain/organization";
import type { EnvironmentId, OrganizationId } from "../../domain/values";

/** What a call needs to know of the present: revisions, and the rows of members. */
export interface RevisionQuery {
  readonly environmentId: EnvironmentId;
  /** Of the environment as the asker knows it: organizations and members are looked for there. */
  readonly environmentUid: EnvironmentUid;
  readonly organizationIds: readonly OrganizationId[];
  readonly members: readonly MemberKey[];
}

export interface CurrentRevisions {
  environment(id: EnvironmentId): Pick<Environment, "uid" | "revision"> | undefined;
  organization(environment: EnvironmentUid, id: OrganizationId): Pick<Organization, "uid" | "revision"> | undefined;
  member(environment: EnvironmentUid, key: MemberKey): Membership | undefined;
}

export interface RevisionStore {
  /** Answers all questions from one consistent state. Undefined: members have far more roles than one answer should have. */
  find(questions: readonly RevisionQuery[]): Promise<CurrentRevisions | undefined>;
}
