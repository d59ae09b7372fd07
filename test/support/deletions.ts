import type { TestEngine } from "./engines";
import { type Scope, membersOn } from "./members";
import { stageOn } from "./stage";

/** Starts a service for tests that delete what members and groups have, and returns what these tests have in common. */
export function deletionsOn(engine: TestEngine) {
  const stage = stageOn(engine);
  const members = membersOn(stage);
  return {
    stage,
    members,
    /** Creates an environment with the roles member (default), admin, viewer and editor, and three organizations. */
    begin: async () => {
      const environmentId = await stage.changingEnvironment();
      await members.environmentRoles(environmentId, "viewer", "editor");
      const scope = (organizationId: string): Scope => ({ environmentId, organizationId });
      return { environmentId, acme: scope("acme"), initech: scope("initech"), globex: scope("globex") };
    },
    /** Gives an organization its own configuration, with this default. */
    own: async (scope: Scope, slug: string) => {
      await members.customRoles(scope, "org-own");
      await stage.roles.setDefaultRole({ ...scope, slug });
    },
    /** Deletes an environment role. */
    remove: (environmentId: string, slug: string, replacementDefaultRoleSlug?: string) =>
      stage.roles.deleteEnvironmentRole({ environmentId, slug, replacementDefaultRoleSlug }),
  };
}
