import * as fc from "fast-check";

export const organizations = ["acme", "globex"];
export const users = ["ann", "bob", "cyd"];
export const groups = ["g1", "g2"];
export const environmentSlugs = ["member", "admin", "viewer", "editor"];
export const customSlugs = ["org-a", "org-b"];
export const permissions = ["p:1", "p:2", "p:3"];

/** Describes one step, before it is known what there is: numbers choose among what the step finds. */
export interface Step {
  readonly action: string;
  readonly environment: number;
  readonly organization: number;
  readonly one: number;
  readonly other: number;
  readonly many: readonly number[];
  /** Chooses the user for whom the step is taken: nobody beyond the users. */
  readonly actor: number;
}

const weights: Record<string, number> = {
  createEnvironmentRole: 12,
  createCustomRole: 6,
  deleteEnvironmentRole: 12,
  deleteOrgRole: 5,
  setMember: 22,
  batchSet: 5,
  deleteMember: 2,
  deleteUser: 2,
  setGroup: 5,
  deleteGroup: 1,
  sync: 6,
  setPriority: 9,
  setDefault: 10,
  reset: 4,
  deleteOrganization: 1,
  multiple: 5,
  permission: 8,
  changePermissions: 5,
  guard: 5,
  sweep: 5,
};

/** Generates histories of as many steps. */
export const steps = (count: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      action: fc.oneof(
        ...Object.entries(weights).map(([action, weight]) => ({ weight, arbitrary: fc.constant(action) })),
      ),
      environment: fc.nat(1),
      organization: fc.nat(99),
      one: fc.nat(99),
      other: fc.nat(99),
      many: fc.array(fc.nat(99), { maxLength: 3 }),
      actor: fc.nat(5),
    }),
    { minLength: count, maxLength: count },
  );

/** Returns the value that a number of a step chooses. */
export const of = <T>(values: readonly T[], number: number): T => values[number % values.length] as T;
