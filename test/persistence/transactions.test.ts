import { EnvironmentService } from "../../src/domain/environment-service";
import type { Tools } from "../../src/domain/tools";
import { Transactions } from "../../src/domain/transactions";
import type { Stores, UnitOfWork } from "../../src/domain/stores";
import { servers } from "../support/engines";
import { aRole, org } from "../support/storage";
import { useWorld } from "../support/world";

const initech = org("initech");

describe.each(servers)("transactions on $name", (engine) => {
  const world = useWorld(engine);

  /** Lets another writer in right after an organization was found to have no row. */
  function interruptedAfterTouch(interruption: () => Promise<void>): UnitOfWork {
    const { units } = world;
    let left = 1;
    const interrupted = (stores: Stores): Stores => ({
      ...stores,
      organizations: Object.create(stores.organizations, {
        touch: {
          value: async (...key: Parameters<Stores["organizations"]["touch"]>) => {
            const found = await stores.organizations.touch(...key);
            if (!found && left-- > 0) await interruption();
            return found;
          },
        },
      }) as Stores["organizations"],
    });
    return {
      write: (work) => units.write((stores) => work(interrupted(stores))),
      read: (work) => units.read(work),
      lookup: (work) => units.lookup(work),
    };
  }

  const birth = () =>
    world.units.write(async (stores) => {
      await stores.organizations.insert(world.uid, initech);
      await stores.organizations.saveOwn(world.uid, initech, {
        defaultRoleId: world.ids.member,
        order: [world.ids.member],
        sinceRevision: 1,
      });
      await stores.roles.insert(world.uid, aRole("org-first", { organizationId: initech }));
    });

  test("a write to an organization sees nothing of it that it has not locked", async () => {
    const transactions = new Transactions(interruptedAfterTouch(birth), Date.now);
    const scope = { environmentId: world.environment.id, organizationId: initech };
    const seen = await transactions.inScope(scope, undefined, async (_, { organization, context }) => ({
      organization,
      inherits: context.inheritsEnvironment,
    }));
    expect(seen).toEqual({ organization: undefined, inherits: true });
  });

  test("deleting the data of an organization leaves whole what came into being meanwhile", async () => {
    const transactions = new Transactions(interruptedAfterTouch(birth), Date.now);
    const environments = new EnvironmentService({ transactions } as Tools);
    const request = { environmentId: world.environment.id, organizationId: initech };
    expect(await environments.deleteOrganizationData(request, { fingerprint: () => "" })).toEqual({
      deletedRoleCount: 0,
    });
    await world.units.read(async (stores) => {
      expect(await stores.organizations.get(world.uid, initech)).toBeDefined();
      expect(await stores.roles.ofOrganization(world.uid, initech)).toHaveLength(1);
    });
  });
});
