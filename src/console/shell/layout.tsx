import {
  ActionIcon,
  AppShell,
  Burger,
  Group,
  NativeSelect,
  NavLink,
  Text,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { Suspense, lazy, useEffect, useState, useSyncExternalStore } from "react";
import { Link, Outlet, useLocation, useNavigate } from "react-router";
import { call, send } from "../api/call";
import { useCaller } from "../api/caller";
import { connection } from "../api/client";
import { useEnvironment } from "../api/lists";
import { session } from "../api/session";
import { AccessService } from "../gen/orgroles/v1/access_service_pb";
import { Announcer } from "../parts/announce";
import {
  EventIcon,
  ExitIcon,
  MoonIcon,
  OrganizationIcon,
  PermissionIcon,
  PlusIcon,
  RoleIcon,
  SettingsIcon,
  SunIcon,
  UserIcon,
} from "../parts/icons";
import { ListSkeleton } from "../parts/states";
import { useEnvironments } from "./environments";
import { ErrorBoundary } from "./error-boundary";
import { Logo } from "./logo";
import { paths, useEnvironmentId } from "./paths";

const CreateEnvironment = lazy(() => import("./create-environment"));

/** Lays out navigation and page. */
export function Layout() {
  const [isOpen, { toggle, close }] = useDisclosure();
  const { pathname } = useLocation();
  useEffect(close, [pathname]);
  return (
    <AppShell
      header={{ height: { base: 56, sm: 0 } }}
      navbar={{ width: 248, breakpoint: "sm", collapsed: { mobile: !isOpen } }}
      padding={0}
    >
      <a href="#page" className="skip">
        Skip to the page
      </a>
      <AppShell.Header hiddenFrom="sm" px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Logo />
          <Burger opened={isOpen} onClick={toggle} size="sm" aria-label="Navigation" aria-expanded={isOpen} />
        </Group>
      </AppShell.Header>
      <AppShell.Navbar className="sidebar" aria-label="Main">
        <Sidebar />
      </AppShell.Navbar>
      <AppShell.Main id="page" tabIndex={-1}>
        <LostConnection />
        <ReadOnly />
        <Guarded />
        <ErrorBoundary key={pathname}>
          <Suspense
            fallback={
              <div className="page">
                <ListSkeleton />
              </div>
            }
          >
            <Outlet />
          </Suspense>
        </ErrorBoundary>
      </AppShell.Main>
      <Announcer />
    </AppShell>
  );
}

function Sidebar() {
  const environment = useEnvironmentId();
  const { pathname } = useLocation();
  const { caller, isRestricted } = useCaller();
  const [only, ...others] = caller.organizationIds;
  const links = isRestricted
    ? [
        only && !others.length
          ? { to: paths.organization(environment, only), label: only, icon: <OrganizationIcon /> }
          : { to: paths.organizations(environment), label: "Organizations", icon: <OrganizationIcon /> },
        { to: paths.events(environment), label: "Events", icon: <EventIcon /> },
      ]
    : [
        { to: paths.roles(environment), label: "Roles", icon: <RoleIcon /> },
        { to: paths.permissions(environment), label: "Permissions", icon: <PermissionIcon /> },
        { to: paths.organizations(environment), label: "Organizations", icon: <OrganizationIcon /> },
        { to: paths.users(environment), label: "Users", icon: <UserIcon /> },
        { to: paths.events(environment), label: "Events", icon: <EventIcon /> },
        { to: paths.settings(environment), label: "Settings", icon: <SettingsIcon /> },
      ];
  const here = (to: string) =>
    pathname.startsWith(to.replace(/\/roles$/, "")) && (pathname.startsWith(to) || isRestricted);
  return (
    <div className="sidebar-inside">
      <div className="sidebar-top">
        <div className="sidebar-logo">
          <Logo />
        </div>
        <EnvironmentSwitcher />
        {links.map(({ to, label, icon }) => (
          <NavLink
            key={to}
            component={Link}
            to={to}
            label={label}
            leftSection={icon}
            active={here(to)}
            aria-current={here(to) ? "page" : undefined}
            className="nav-link"
          />
        ))}
      </div>
      <div className="sidebar-bottom">
        <Account />
      </div>
    </div>
  );
}

function EnvironmentSwitcher() {
  const environment = useEnvironmentId();
  const navigate = useNavigate();
  const { data } = useEnvironments();
  const { refuses, isRestricted } = useCaller();
  const [isOpen, setOpen] = useState(false);
  const known = data?.environments ?? [];
  const options = known.map(({ id, displayName }) => ({
    value: id,
    label: displayName && displayName !== id ? `${displayName} (${id})` : id,
  }));
  if (!known.some(({ id }) => id === environment)) options.unshift({ value: environment, label: environment });
  return (
    <Group gap={6} wrap="nowrap" className="environment">
      <NativeSelect
        flex={1}
        aria-label="Environment"
        value={environment}
        data={options}
        onChange={(event) => void navigate(`/${encodeURIComponent(event.currentTarget.value)}`)}
      />
      {!isRestricted && !refuses("admin", { environmentId: environment }) && (
        <ActionIcon
          variant="default"
          size={36}
          aria-label="Create environment"
          title="Create environment"
          onClick={() => setOpen(true)}
        >
          <PlusIcon size={16} />
        </ActionIcon>
      )}
      <Suspense>{isOpen && <CreateEnvironment onClose={() => setOpen(false)} />}</Suspense>
    </Group>
  );
}

function Account() {
  const { caller } = useCaller();
  const { setColorScheme } = useMantineColorScheme();
  const isDark = useComputedColorScheme("light") === "dark";
  return (
    <Group gap={6} wrap="nowrap" justify="space-between">
      <div className="account">
        <Text size="sm" fw={500} truncate title={caller.name}>
          {caller.name}
        </Text>
        <Text size="xs" c="dimmed" truncate>
          {caller.actingUserId ? `acts as ${caller.actingUserId}, ${caller.level}` : `level ${caller.level}`}
        </Text>
      </div>
      <Group gap={2} wrap="nowrap">
        <ActionIcon
          variant="subtle"
          color="gray"
          size={34}
          aria-label={isDark ? "Use light colours" : "Use dark colours"}
          title={isDark ? "Use light colours" : "Use dark colours"}
          onClick={() => setColorScheme(isDark ? "light" : "dark")}
        >
          {isDark ? <SunIcon /> : <MoonIcon />}
        </ActionIcon>
        {session.token() !== undefined && (
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            aria-label="Sign out"
            title="Sign out"
            onClick={() => void signOut()}
          >
            <ExitIcon />
          </ActionIcon>
        )}
      </Group>
    </Group>
  );
}

/** Forgets the token and everything that was read with it. Ends a sign-in at the issuer there too. */
async function signOut(): Promise<void> {
  const { expiresAt, refreshToken } = session.grant() ?? {};
  session.signOut();
  const end = async () => (await import("../sign-in/oidc")).endSignIn(refreshToken);
  const wasIssued = expiresAt !== undefined || refreshToken !== undefined;
  const url = wasIssued ? await end().catch(() => undefined) : undefined;
  window.location.assign(url ?? "/console/");
}

function LostConnection() {
  const isLost = useSyncExternalStore(connection.subscribe, connection.lost);
  return isLost ? <Retrying /> : null;
}

/** Asks the server until it answers. */
function Retrying() {
  useQuery({
    queryKey: ["alive"],
    queryFn: ({ signal }) => send(call(AccessService.method.getCaller, {}), signal),
    retry: false,
    refetchInterval: 2_000,
    gcTime: 0,
  });
  return (
    <div className="bar bar-warning" role="status">
      The server cannot be reached. What you see may be old. Trying again…
    </div>
  );
}

function ReadOnly() {
  const { caller } = useCaller();
  if (caller.level !== "read") return null;
  return (
    <div className="bar" role="note">
      You can look at everything here. Changes need a credential of level write.
    </div>
  );
}

/** Says to somebody whom the guard binds what that means. */
function Guarded() {
  const { caller } = useCaller();
  const { data } = useEnvironment(useEnvironmentId());
  if (!caller.actingUserId || !data?.environment?.escalationGuardEnabled) return null;
  return (
    <div className="bar" role="note">
      You act as <b className="breakable">{caller.actingUserId}</b>. In an organization you can give what you have
      there, and nothing else.
    </div>
  );
}
