import type { Environment, EnvironmentView } from "../../domain/environment";
import type { Dependencies } from "../dependencies";

export function viewEnvironment(dependencies: Dependencies, environment: Environment): EnvironmentView {
  const { id, displayName, multipleRolesEnabled, createTime, updateTime } = environment;
  const etag = environmentEtag(dependencies, environment);
  return { id, displayName, multipleRolesEnabled, createTime, updateTime, etag };
}

export function environmentEtag(
  dependencies: Dependencies,
  { uid, displayName, multipleRolesEnabled }: Environment,
): string {
  return dependencies.digest(JSON.stringify([uid, displayName, multipleRolesEnabled]));
}
