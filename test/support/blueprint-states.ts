import * as fc from "fast-check";
import type { Blueprint } from "../../src/application/blueprints/blueprint";
import { type Parse, parseDescription, parseName } from "../../src/domain/values";
import { oddIds } from "./blueprint-documents";

const id = fc.oneof(fc.constantFrom(...oddIds), fc.stringMatching(/^[!-~]{1,64}$/));
const slug = fc.oneof(
  fc.constantFrom("no", "on", "y", "true", "null", "1e3", "0x1f", "017", "2024-01-01", "1_000"),
  fc.stringMatching(/^[a-z0-9]{1,8}([-_][a-z0-9]{1,8}){0,2}$/),
);
const permissionSlug = fc.oneof(
  fc.constantFrom("12:30:45", "*", ":", "-", "a:", ":a", ".", "1.5", "--", "...", "0o17", "no", "invoices:read"),
  fc.stringMatching(/^[a-z0-9\-.:_*]{1,48}$/),
);
const unit = fc.constantFrom(
  ...Array.from("aé \n\t#-:|>'\"\\{}[]&*!%@`~=,?\u00A0\u200D\u2028\u2029\uFEFF\u00AD\uFFFD👍"),
  "👩‍💻",
  "é",
  "null",
  " #",
  ": ",
);
const allowed =
  <T>(rule: Parse<T>) =>
  (text: string) => {
    const parsed = rule(text);
    return "value" in parsed && (parsed.value as string) === text;
  };
const name = fc
  .oneof(fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }), fc.string({ unit, minLength: 1, maxLength: 12 }))
  .filter(allowed(parseName));
const description = fc.oneof(fc.constant(""), fc.string({ unit, maxLength: 150 }).filter(allowed(parseDescription)));
const picks = fc.array(fc.nat(), { minLength: 1, maxLength: 3 });
const bySlug = { selector: ({ slug: one }: { slug: string }) => one, maxLength: 4 };
const keyed = <Value>(value: fc.Arbitrary<Value>) =>
  fc.uniqueArray(fc.tuple(id, value), { selector: ([key]) => key, maxLength: 6 });

const permissions = fc.uniqueArray(fc.record({ slug: permissionSlug, name, description }), bySlug);
const roles = (own: fc.Arbitrary<string>, minLength: number) =>
  fc.uniqueArray(fc.record({ slug: own, name, description, picks }), { ...bySlug, minLength });
const organization = fc.record({
  id,
  own: fc.boolean(),
  roles: roles(
    slug.map((text) => `org-${text}`),
    0,
  ),
  seed: fc.nat(),
  groups: keyed(fc.nat()),
  members: keyed(picks),
});

/** A state of an environment, as the blueprints that make it. */
export const state: fc.Arbitrary<Blueprint[]> = fc
  .record({
    displayName: name,
    multipleRolesEnabled: fc.boolean(),
    escalationGuardEnabled: fc.boolean(),
    permissions,
    roles: roles(
      slug.filter((text) => !text.startsWith("org-")),
      1,
    ),
    seed: fc.nat(),
    organizations: fc.uniqueArray(organization, { selector: (one) => one.id, maxLength: 3 }),
  })
  .map((drawn) => {
    const grants = drawn.permissions.map((one) => one.slug);
    const roleOf = ({ picks: picked, ...role }: (typeof drawn.roles)[number]) => ({
      ...role,
      permissions: [...new Set(picked.flatMap((index) => at(grants, index)))],
    });
    const slugs = drawn.roles.map((one) => one.slug);
    const environment: Blueprint = {
      kind: "environment",
      displayName: drawn.displayName,
      multipleRolesEnabled: drawn.multipleRolesEnabled,
      escalationGuardEnabled: drawn.escalationGuardEnabled,
      permissions: drawn.permissions,
      roles: drawn.roles.map(roleOf),
      defaultRole: slugs[drawn.seed % slugs.length],
    };
    const rest = drawn.organizations.flatMap(({ id: organizationId, own, roles: ownRoles, seed, groups, members }) => {
      const effective = own ? [...slugs, ...ownRoles.map((one) => one.slug)] : slugs;
      const turned = [...effective.slice(seed % effective.length), ...effective.slice(0, seed % effective.length)];
      const configuration = { roles: ownRoles.map(roleOf), defaultRole: turned[0], priority: turned };
      const blueprint: Blueprint = {
        kind: "organization",
        organizationId,
        ...(own && configuration),
        groups: new Map(groups.map(([key, index]) => [key, at(effective, index)[0] as string])),
      };
      const held = (picked: readonly number[]) => {
        const all = [...new Set(picked.flatMap((index) => at(effective, index)))];
        return drawn.multipleRolesEnabled ? all : all.slice(0, 1);
      };
      const some: Blueprint[] = members.length
        ? [{ kind: "members", organizationId, members: new Map(members.map(([key, picked]) => [key, held(picked)])) }]
        : [];
      return [blueprint, ...some];
    });
    return [environment, ...rest];
  });

const at = <Item>(items: readonly Item[], index: number): Item[] => items.slice(index % items.length).slice(0, 1);
