import type { EnvironmentServiceService } from "../../gen/orgroles/v1/environment_service";
import type { UseCases } from "../application/use-cases";
import { encodeEnvironment } from "./encode";
import type { Handlers } from "./service";

export function environmentHandlers(
  environments: UseCases["environments"],
): Handlers<typeof EnvironmentServiceService> {
  return {
    createEnvironment: async (request, call) => ({
      environment: encodeEnvironment(await environments.createEnvironment(request, call)),
    }),
    getEnvironment: async (request) => ({
      environment: encodeEnvironment(await environments.getEnvironment(request)),
    }),
    listEnvironments: async (request, call) => {
      const { items, nextPageToken } = await environments.listEnvironments(request, call);
      return { environments: items.map(encodeEnvironment), nextPageToken };
    },
    updateEnvironment: async (request, call) => ({
      environment: encodeEnvironment(await environments.updateEnvironment(request, call)),
    }),
    deleteEnvironment: (request, call) => environments.deleteEnvironment(request, call),
    deleteOrganizationData: (request, call) => environments.deleteOrganizationData(request, call),
    listOrganizations: async (request, call) => {
      const { items, nextPageToken } = await environments.listOrganizations(request, call);
      return { organizations: [...items], nextPageToken };
    },
    getOrganization: (request, call) => environments.getOrganization(request, call),
  };
}
