import type { Dependencies } from "../../src/application/dependencies";
import { deleteOrganizationData } from "../../src/application/environments/delete-organization-data";
import type { Stores, UnitOfWork } from "../../src/application/ports/unit-of-work";
import { SnapshotCache } from "../../src/application/reads/snapshot-cache";
import { ownCall } from "../../src/application/request/idempotency";
import { MaintenanceTransactions } from "../../src/application/transactions/maintenance-transactions";
import { Transactions } from "../../src/application/transactions/transactions";
import { servers } from "../support/engines";
import { aMember, anOrganization, aRole, newEventId, newOrganizationUid, org } from "../support/storage";
import { useWorld } from "../support/world";

const initech = org("initech");
const nothingKept = () => ({ get: () => undefined, set: () => undefined, clear: () => undefined, bytes: () => 0 });
const transactionsOn = (units: UnitOfWork) =>
  new Transactions(
    units,
    Date.now,
    { organization: newOrganizationUid, event: newEventId },
    new SnapshotCache(units, nothingKept),
  );

describe.each(servers)("transactions on $name", (engine) => {
  const world = useWorld(engine);

  /**
   * Lets another writer in once: right after an organization was found to have no row, or in the middle of its lock,
   * between the statement that locks and the one that reads what was locked.
   */
  function interrupted(where: "after the lock" | "in the lock", interruption: () => Promise<void>): UnitOfWork {
    const { units } = world;
    let left = 1;
    const interruptOnce = async () => {
      if (left-- > 0) await interruption();
    };
    const interrupting = ({ organizations }: Stores) =>
      Object.create(
        organizations,
        where === "in the lock"
          ? {
              find: {
                value: async (...key: Parameters<Stores["organizations"]["find"]>) => {
                  await interruptOnce();
                  return organizations.find(...key);
                },
              },
            }
          : {
              lock: {
                value: async (...key: Parameters<Stores["organizations"]["lock"]>) => {
                  const found = await organizations.lock(...key);
                  if (!found.length) await interruptOnce();
                  return found;
                },
              },
            },
      ) as Stores["organizations"];
    return {
      write: (work) => units.write((stores) => work({ ...stores, organizations: interrupting(stores) })),
      read: (work) => units.read(work),
      lookup: (work) => units.lookup(work),
    };
  }

  const birth = () =>
    world.units.write(async (stores) => {
      const organization = anOrganization(initech);
      await stores.organizations.insert(world.uid, [organization]);
      await stores.organizations.saveOwn(world.uid, initech, {
        defaultRoleId: world.ids.member,
        order: [world.ids.member],
      });
      await stores.memberships.put(world.uid, [aMember(organization.uid, "ann", [world.ids.member])]);
      await stores.roles.insert(world.uid, aRole("org-first", { organizationId: initech }));
    });

  test("a write to an organization sees nothing of it that it has not locked", async () => {
    const transactions = transactionsOn(interrupted("after the lock", birth));
    const scope = { environmentId: world.environment.id, organizationId: initech };
    const seen = await transactions.updateScope(
      scope,
      { ...ownCall, idempotencyKey: undefined },
      async (_, __, { organization, effective }) => ({
        organization,
        inherits: effective.inheritsEnvironment,
      }),
    );
    expect(seen).toEqual({ organization: undefined, inherits: true });
  });

  test("an organization that comes into being while it is locked is locked then, and seen whole", async () => {
    const transactions = transactionsOn(interrupted("in the lock", birth));
    const scope = { environmentId: world.environment.id, organizationId: initech };
    let runs = 0;
    const seen = await transactions.updateScope(
      scope,
      { ...ownCall, idempotencyKey: undefined },
      async (_, __, { organization, effective }) => {
        runs += 1;
        return {
          revision: organization?.revision,
          roles: organization?.customRoles.map(({ slug }) => slug),
          inherits: effective.inheritsEnvironment,
        };
      },
    );
    expect(seen).toEqual({ revision: 2, roles: ["org-first"], inherits: false });
    expect(runs).toBe(1);
  });

  test("deleting the data of an organization leaves whole what came into being meanwhile", async () => {
    const transactions = transactionsOn(interrupted("after the lock", birth));
    const request = { environmentId: world.environment.id, organizationId: initech };
    expect(await deleteOrganizationData({ transactions } as Dependencies, request, ownCall)).toEqual({
      deletedRoleCount: 0,
      deletedMembershipCount: 0,
    });
    await world.units.read(async (stores) => {
      const [organization] = await stores.organizations.find(world.uid, [initech]);
      expect(organization?.own).toBeDefined();
      const roles = await stores.roles.listOfOrganizations(world.uid, [initech]);
      expect(roles.get(initech)?.customRoles).toHaveLength(1);
      expect(await stores.memberships.count(world.uid, organization?.uid ?? newOrganizationUid())).toBe(1);
    });
  });

  /** Has the first look-up see the state of before a change that comes right after it. */
  function stale(found: unknown, change: () => Promise<void> = async () => {}): UnitOfWork {
    let left = 1;
    return {
      write: (work) => world.units.write(work),
      read: (work) => world.units.read(work),
      lookup: async <T>(work: (stores: Stores) => Promise<T>) => {
        if (left-- <= 0) return world.units.lookup(work);
        await change();
        return found as T;
      },
    };
  }
  const scope = () => ({ environmentId: world.environment.id, organizationId: undefined });

  test("an environment that comes into being before anything of it is locked is locked then", async () => {
    const maintenance = new MaintenanceTransactions(stale(undefined));
    const { revision } = world.environment;
    const seen = await maintenance.updateAnyScope(scope(), (stores) => stores.environments.find(world.environment.id));
    expect(seen?.revision).toBe(revision + 1);
  });

  test("an environment that is deleted before it is locked is not there then", async () => {
    const remove = () =>
      world.units.write(async (stores) => {
        await stores.environments.touch(world.uid);
        await stores.environments.remove(world.uid, 0);
      });
    const maintenance = new MaintenanceTransactions(stale(world.environment, remove));
    const seen = await maintenance.updateAnyScope(scope(), (stores) => stores.environments.find(world.environment.id));
    expect(seen).toBeUndefined();
  });
});
