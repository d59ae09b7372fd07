import type { Stores } from "../../src/application/ports/unit-of-work";
import type { Name } from "../../src/domain/values";
import {
  aMember,
  anEnvironment,
  anEvent,
  aPermission,
  aRole,
  newOrganizationUid,
  newUid,
  org,
} from "../support/storage";
import type { Crowded } from "./crowded";

type Calls<Store> = { readonly [Method in keyof Store]: (store: Store, at: Crowded) => Promise<unknown>[] };

/** Every way of every store to the database: a method without a row here does not compile. */
export const statements: { readonly [Store in keyof Stores]: Calls<Stores[Store]> } = {
  environments: {
    find: (store, { id }) => [store.find(id)],
    findAll: (store, { id }) => [store.findAll([id, "environment-0007" as typeof id])],
    get: (store, { uid }) => [store.get(uid)],
    list: (store) => [store.list("", 101), store.list("environment-0100", 1001)],
    touch: (store, { uid }) => [store.touch(uid)],
    insert: (store) => [store.insert(anEnvironment())],
    update: (store, { uid }) => [store.update(uid, { displayName: "x" as Name, updateTime: 2 })],
    lockMemberRoles: (store, { uid }) => [store.lockMemberRoles(uid)],
    listMultipleRolesDisabled: (store, { uid }) => [store.listMultipleRolesDisabled(uid)],
    insertMultipleRolesDisabled: (store, { uid }) => [
      store.insertMultipleRolesDisabled(uid, { revision: 99, order: [], createTime: 1 }),
    ],
    removeMultipleRolesDisabled: (store, { uid }) => [store.removeMultipleRolesDisabled(uid, 1)],
    requestRewriting: (store, { uid }) => [store.requestRewriting(uid)],
    endRewriting: (store, { uid }) => [store.endRewriting(uid)],
    listRewritingRequests: (store) => [store.listRewritingRequests()],
    closeToNewOrganizations: (store) => [store.closeToNewOrganizations(newUid())],
    remove: (store, { uid }) => [store.remove(uid, 1)],
  },
  organizations: {
    find: (store, { uid, organizationId, emptyOrganizationId }) => [
      store.find(uid, [organizationId]),
      store.find(uid, [organizationId, emptyOrganizationId]),
    ],
    findByUid: (store, at) => [store.findByUid(at.uid, [at.organizationUid, at.organizationUidAt(7)])],
    list: (store, at) => [store.list(at.uid, "", 100), store.list(at.uid, at.organizationId, 100)],
    listSummaries: (store, at) => [
      store.listSummaries(at.uid, { after: at.organizationId, limit: 101, prefix: "" }),
      store.listSummaries(at.uid, { after: "", limit: 1001, prefix: "organization-04" }),
      store.listSummaries(at.uid, {
        after: "",
        limit: 101,
        prefix: "",
        ids: [at.organizationId, at.organizationIdAt(7)],
      }),
    ],
    listOfUser: (store, at) => [
      store.listOfUser(at.uid, at.userId, "", 101),
      store.listOfUser(at.uid, at.busyUserId, at.organizationIdAt(100), 101),
    ],
    listOfUserBackwards: (store, at) => [
      store.listOfUserBackwards(at.uid, at.userId, undefined, 101),
      store.listOfUserBackwards(at.uid, at.busyUserId, at.organizationIdAt(100), 101),
    ],
    withMembersOrGroups: (store, at) => [
      store.withMembersOrGroups(at.uid, [at.organizationUid, at.organizationUidAt(4999)], []),
      store.withMembersOrGroups(
        at.uid,
        Array.from({ length: 100 }, (_, n) => at.organizationUidAt(n)),
        [at.roleAt(19), at.roleAt(39)],
      ),
    ],
    lock: (store, at) => [store.lock(at.uid, [at.organizationId, at.organizationIdAt(7)])],
    insert: (store, { uid }) => [store.insert(uid, [{ id: org("new"), uid: newOrganizationUid() }])],
    setRevision: (store, at) => [store.setRevision(at.uid, at.organizationId, 9)],
    saveOwn: (store, at) => [store.saveOwn(at.uid, at.organizationId, { defaultRoleId: at.roleAt(1), order: [] })],
    countByDefault: (store, at) => [store.countByDefault(at.uid, [at.roleAt(10), at.roleAt(19)])],
    listByDefault: (store, at) => [store.listByDefault(at.uid, [at.roleAt(10)], 100)],
    count: (store, { uid }) => [store.count(uid)],
    remove: (store, at) => [store.remove(at.uid, { id: at.emptyOrganizationId, uid: at.organizationUidAt(4999) }, 1)],
  },
  roles: {
    listOfEnvironment: (store, { uid }) => [store.listOfEnvironment(uid)],
    listOfOrganizations: (store, at) => [
      store.listOfOrganizations(at.uid, [at.organizationId, at.organizationIdAt(7)]),
    ],
    countOfOrganizations: (store, at) => [
      store.countOfOrganizations(at.uid, [at.organizationId, at.organizationIdAt(7)]),
    ],
    listDeletedInUse: (store, { uid }) => [store.listDeletedInUse(uid)],
    listReplaced: (store, { uid }) => [store.listReplaced(uid)],
    permissionsOf: (store, at) => [
      store.permissionsOf(at.uid, ["", at.organizationId]),
      store.permissionsOf(at.uid, [at.organizationId], at.customRoleAt(1)),
    ],
    grants: (store, at) => [store.grants(at.uid, [""]), store.grants(at.uid, [at.organizationId])],
    insert: (store, { uid }) => [store.insert(uid, aRole("new"))],
    update: (store, at) => [store.update(at.uid, { id: at.roleAt(1), organizationId: "" }, { updateTime: 2 })],
    addPermissions: (store, at) => [
      store.addPermissions(at.uid, { id: at.roleAt(1), organizationId: "" }, [at.permissionAt(1999)]),
    ],
    removePermissions: (store, at) => [
      store.removePermissions(at.uid, { id: at.roleAt(1), organizationId: "" }, [
        at.permissionAt(1),
        at.permissionAt(2),
      ]),
    ],
    softDelete: (store, at) => [
      store.softDelete(
        at.uid,
        at.roleAt(2),
        { deletedRevision: 9, replacementRoleId: undefined, environmentDefaultRoleId: at.roleAt(0) },
        1,
      ),
    ],
    replace: (store, at) => [store.replace(at.uid, at.organizationId, at.customRoleAt(2), at.roleAt(0))],
    remove: (store, at) => [store.remove(at.uid, at.organizationId, at.customRoleAt(3))],
    removeAll: (store, at) => [store.removeAll(at.uid, at.organizationId)],
  },
  permissions: {
    find: (store, { uid, permission }) => [store.find(uid, permission)],
    list: (store, { uid, permission }) => [store.list(uid, "", 101), store.list(uid, permission, 1001)],
    listById: (store, at) =>
      [true, false].flatMap((isBackwards) => [
        store.listById(at.uid, { beyond: undefined, isBackwards, limit: 101 }),
        store.listById(at.uid, { beyond: at.permissionAt(1000), isBackwards, limit: 101 }),
      ]),
    count: (store, { uid }) => [store.count(uid)],
    idsOf: (store, { uid, permission }) => [store.idsOf(uid, [permission])],
    slugs: (store, { uid }) => [store.slugs(uid)],
    countRoles: (store, at) => [store.countRoles(at.uid, at.permissionAt(1))],
    insert: (store, { uid }) => [store.insert(uid, aPermission("new"))],
    update: (store, at) => [store.update(at.uid, at.permissionAt(1), { updateTime: 2 })],
    remove: (store, at) => [store.remove(at.uid, at.permissionAt(1), 1)],
  },
  memberships: {
    find: (store, at) => [
      store.find(at.uid, [at]),
      store.find(
        at.uid,
        Array.from({ length: 500 }, (_, n) => ({ organizationUid: at.organizationUid, userId: at.userAt(n) })),
      ),
    ],
    list: (store, at) => [
      store.list(at.uid, at.organizationUid, { after: "", limit: 101 }),
      store.list(at.uid, at.organizationUid, { after: at.userAt(2500), limit: 1001 }),
      store.list(at.uid, at.organizationUid, { after: "", limit: 101, roleIds: [at.roleAt(1)] }),
      store.list(at.uid, at.organizationUid, { after: at.userId, limit: 1001, prefix: "user-00" }),
      store.list(at.uid, at.organizationUid, { after: "", limit: 101, prefix: "user-00", roleIds: [at.roleAt(1)] }),
      store.list(at.uid, at.organizationUid, {
        after: at.userAt(9),
        limit: 101,
        roleIds: [at.roleAt(1), at.roleAt(19)],
      }),
    ],
    listByCreation: (store, at) =>
      [true, false].flatMap((isBackwards) => [
        store.listByCreation(at.uid, at.organizationUid, { beyond: undefined, isBackwards, limit: 101 }),
        store.listByCreation(at.uid, at.organizationUid, {
          beyond: { createTime: 1, userId: at.userAt(2500) },
          isBackwards,
          limit: 101,
        }),
      ]),
    listWithAnyRole: (store, at) => [
      store.listWithAnyRole(at.uid, [at.roleAt(1)], { limit: 101 }),
      store.listWithAnyRole(at.uid, [at.roleAt(1), at.roleAt(19)], { after: at, limit: 1001 }),
      store.listWithAnyRole(at.uid, [at.roleAt(1), at.roleAt(19)], { organization: at.organizationUid, limit: 101 }),
    ],
    listOfUser: (store, at) => [
      store.listOfUser(at.uid, at.userId, { after: "", limit: 1000 }),
      store.listOfUser(at.uid, at.busyUserId, { after: at.organizationUidAt(100), limit: 1000 }),
    ],
    storedRoles: (store, at) => [
      store.storedRoles(at.uid, at.organizationUid, [at.roleAt(19), at.roleAt(39), at.roleAt(59)]),
    ],
    count: (store, at) => [store.count(at.uid, at.organizationUid)],
    countWithOnlyRole: (store, at) => [
      store.countWithOnlyRole(at.uid, at.roleAt(1)),
      store.countWithOnlyRole(at.uid, at.roleAt(1), at.organizationUid),
    ],
    countWithRole: (store, at) => [store.countWithRole(at.uid, at.roleAt(1), at.organizationUid)],
    listWithRole: (store, at) => [
      store.listWithRole(at.uid, at.roleAt(1), { pendingAmongSeveral: pendingIn(at), limit: 500 }),
      store.listWithRole(at.uid, at.roleAt(1), { organization: at.organizationUid, limit: 500 }),
      store.listWithRole(at.uid, at.roleAt(1), { pendingAmongSeveral: pendingIn(at), after: at, limit: 500 }),
    ],
    listPending: (store, at) => [
      store.listPending(at.uid, { roleIds: [at.roleAt(19), at.roleAt(39)], multipleRolesDisabledAt: 4 }, 500),
      store.listPending(at.uid, { roleIds: [], multipleRolesDisabledAt: 4 }, 500),
      store.listPending(at.uid, { roleIds: [at.roleAt(19)], multipleRolesDisabledAt: undefined }, 500, [
        at.organizationUid,
      ]),
      store.listPending(at.uid, { roleIds: [], multipleRolesDisabledAt: 4 }, 500, [at.organizationUid]),
    ],
    countPending: (store, at) => [store.countPending(at.uid, { roleIds: [at.roleAt(19)], multipleRolesDisabledAt: 4 })],
    insert: (store, at) => [store.insert(at.uid, [aMember(at.organizationUid, "new", [at.roleAt(1)])])],
    changeOnlyRole: (store, at) => [
      store.changeOnlyRole(
        at.uid,
        aMember(at.organizationUid, at.userAt(1), [at.roleAt(1)]),
        aMember(at.organizationUid, at.userAt(1), [at.roleAt(3)]),
      ),
    ],
    put: (store, at) => [store.put(at.uid, [aMember(at.organizationUid, at.userId, [at.roleAt(1)])])],
    remove: (store, at) => [store.remove(at.uid, at)],
  },
  groupRoles: {
    find: (store, at) => [store.find(at.uid, at.organizationUid, [at.groupId, "group-00003" as typeof at.groupId])],
    list: (store, at) => [
      store.list(at.uid, at.organizationUid, { after: "", limit: 101, without: [] }),
      store.list(at.uid, at.organizationUid, { after: "group-02000", limit: 101, without: [at.roleAt(19)] }),
    ],
    countAll: (store, at) => [
      store.countAll(at.uid, at.organizationUid, []),
      store.countAll(at.uid, at.organizationUid, [at.roleAt(19)]),
    ],
    count: (store, at) => [store.count(at.uid, at.organizationUid, [at.roleAt(1), at.roleAt(19)])],
    mappedTo: (store, at) => [
      store.mappedTo(at.uid, [at.roleAt(19), at.roleAt(39)], 500),
      store.mappedTo(at.uid, [at.roleAt(19)], 500, [at.organizationUid]),
    ],
    put: (store, at) => [
      store.put(at.uid, at.organizationUid, {
        groupId: at.groupId,
        roleId: at.roleAt(1),
        createTime: 1,
        updateTime: 1,
      }),
    ],
    remove: (store, at) => [store.remove(at.uid, at.organizationUid, at.groupId)],
  },
  idempotency: {
    find: (store, { id, requestId }) => [store.find(id, requestId, 0)],
    save: (store, { id }) => [
      store.save(
        id,
        {
          requestId: "00000000-0000-4000-8000-999999999999" as Crowded["requestId"],
          fingerprint: "f".repeat(64),
          answer: "{}",
          createTime: 1,
        },
        0,
      ),
    ],
  },
  events: {
    append: (store, { uid }) => [store.append([anEvent(uid, "new")])],
    latestRevisions: (store, at) => [
      store.latestRevisions(at.uid, [at.organizationId]),
      store.latestRevisions(at.uid, [at.organizationId, at.organizationIdAt(7)]),
    ],
  },
  sequences: {
    hasUnnumbered: (store, { uid }) => [store.hasUnnumbered(uid)],
    lock: (store, { uid }) => [store.lock(uid), store.lock(anEnvironment().uid)],
    listUnnumbered: (store, at) => [
      store.listUnnumbered(at.uid, "environment", 200),
      store.listUnnumbered(at.uid, { organizationsFrom: "" }, 200),
      store.listUnnumbered(at.uid, { organizationsFrom: at.organizationIdAt(7) }, 200),
    ],
    number: (store, at) => [
      store.number(at.uid, [at.eventAt(19_000)], 18_001),
      store.number(
        at.uid,
        Array.from({ length: 200 }, (_, n) => at.eventAt(19_100 + n)),
        18_002,
      ),
    ],
    get: (store, { uid }) => [store.get(uid)],
    list: (store, at) => [
      store.list(at.uid, { after: 9000, limit: 1000 }),
      store.list(at.uid, { before: 9000, limit: 1000 }),
      store.list(at.uid, { after: 9000, organizationId: at.organizationId, limit: 1000 }),
      store.list(at.uid, { before: 9000, organizationId: at.organizationIdAt(7), limit: 1000 }),
    ],
    listNews: (store, at) => [store.listNews([at.uid]), store.listNews([at.uid, anEnvironment().uid])],
    load: (store, at) => [
      store.load(at.uid, [at.eventAt(1)]),
      store.load(
        at.uid,
        Array.from({ length: 1000 }, (_, n) => at.eventAt(n)),
      ),
    ],
    lastOwnPosition: (store, { uid }) => [store.lastOwnPosition(uid)],
    erase: (store, at) => [store.erase(at.uid, at.organizationId, 100)],
    nextEnvironment: (store, { uid }) => [store.nextEnvironment(""), store.nextEnvironment(uid)],
    hasErased: (store, { uid }) => [store.hasErased(uid)],
    deleteErased: (store, { uid }) => [store.deleteErased(uid, 500)],
    purge: (store, at) => [store.purge(at.uid, [at.eventAt(1), at.eventAt(2)], 3)],
    secret: (store) => [store.secret()],
  },
  revisions: {
    find: (store, at) => {
      const about = queriesAbout(at);
      return [store.find(about(1, 1)), store.find(about(1, 256)), store.find([{ ...about(1, 1)[0]!, members: [] }])];
    },
  },
  snapshots: {
    find: (store, at) => {
      const about = contentQueriesAbout(at);
      return [
        store.find(about(1, 1)),
        store.find(about(1, 64)),
        store.find(unknown(about(1, 1))),
        store.find(unknown(about(1, 64))),
        store.find(about(1, 1).map((query) => ({ ...query, members: [] }))),
      ];
    },
  },
};

const pendingIn = (at: Crowded) => ({ roleIds: [at.roleAt(19), at.roleAt(39)], multipleRolesDisabledAt: 4 });

/** Returns queries about some organizations, with one member of each. */
const queriesAbout = (at: Crowded) => (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({
    environmentId: at.id,
    environmentUid: at.uid,
    organizationIds: [at.organizationIdAt(from + n)],
    members: [{ organizationUid: at.organizationUidAt(from + n), userId: at.userAt(5000 + n) }],
  }));

const contentQueriesAbout = (at: Crowded) => (from: number, count: number) =>
  queriesAbout(at)(from, count).map((query) => ({ ...query, users: [] }));

/** Returns the same queries for organizations whose uids are not known, with two users of each. */
const unknown = (queries: ReturnType<ReturnType<typeof queriesAbout>>) =>
  queries.map(({ members, ...query }) => ({
    ...query,
    members: [],
    users: query.organizationIds.flatMap((organizationId) =>
      members.flatMap(({ userId }) => [
        { organizationId, userId },
        { organizationId, userId: `${userId}x` as typeof userId },
      ]),
    ),
  }));
