import type { Environment, EnvironmentView } from "../../domain/environment";
import type { Dependencies } from "../dependencies";

export function viewEnvironment(dependencies: Dependencies, environment: Environment): EnvironmentView {
  const { id, displayName, multipleRolesEnabled, escalationGuardEnabled, createTime, updateTime } = environment;
  const etag = environmentEtag(dependencies, environment);
  return { id, displayName, multipleRolesEnabled, escalationGuardEnabled, createTime, updateTime, etag };
}

export function environmentEtag(
  dependencies: Dependencies,
  { uid, displayName, multipleRolesEnabled, escalationGuardEnabled }: Environment,
): string {
  // an etag of the version before is still good where the guard is off
  const guard = escalationGuardEnabled ? [true] : [];
  return dependencies.digest(JSON.stringify([uid, displayName, multipleRolesEnabled, ...guard]));
}
