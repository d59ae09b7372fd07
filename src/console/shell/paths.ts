import { useParams } from "react-router";

const at = (...parts: readonly string[]) => `/${parts.map(encodeURIComponent).join("/")}`;

/** The addresses of the pages, below /console. They name environments, organizations and users alone. */
export const paths = {
  roles: (environment: string) => at(environment, "roles"),
  permissions: (environment: string) => at(environment, "permissions"),
  organizations: (environment: string) => at(environment, "organizations"),
  organization: (environment: string, organization: string, tab = "roles") =>
    at(environment, "organizations", organization, tab),
  users: (environment: string) => at(environment, "users"),
  user: (environment: string, user: string) => at(environment, "users", user),
  settings: (environment: string) => at(environment, "settings"),
  events: (environment: string) => at(environment, "events"),
};

export const useEnvironmentId = (): string => useParams()["environment"] ?? "";

export const useOrganizationId = (): string => useParams()["organization"] ?? "";

/** Returns whether a text can be the id of an organization or a user. */
export const isId = (text: string): boolean => /^[!-~]{1,64}$/.test(text);
