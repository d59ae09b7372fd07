import type { Server, ServerWritableStream, ServiceDefinition } from "@grpc/grpc-js";
import { HealthImplementation, service as definition } from "grpc-health-check";

type Watch = (call: ServerWritableStream<{ readonly service: string }, { readonly status: string }>) => void;

/**
 * Adds the health service for services of these names. Watches of other names are answered here with SERVICE_UNKNOWN,
 * because the library keeps every name that it was ever asked for.
 */
export function addHealth(server: Server, names: readonly string[]): HealthImplementation {
  const health = new HealthImplementation();
  health.addToServer({
    addService(service, implementation) {
      const watchKnown = implementation["watch"] as Watch;
      const watch: Watch = (call) =>
        names.includes(call.request.service) ? watchKnown(call) : void call.write({ status: "SERVICE_UNKNOWN" });
      server.addService(service, { ...implementation, watch });
    },
  });
  return health;
}

export const healthMethods = Object.values(definition as ServiceDefinition);
