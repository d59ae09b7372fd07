import { useQuery } from "@tanstack/react-query";
import { Suspense, lazy, useEffect, useSyncExternalStore } from "react";
import { Navigate, Route, Routes } from "react-router";
import { call, send } from "../api/call";
import { CallerContext, useCaller } from "../api/caller";
import { queryClient } from "../api/client";
import { session } from "../api/session";
import { AccessService, type GetCallerResponse } from "../gen/orgroles/v1/access_service_pb";
import { ErrorNotice } from "../parts/error-notice";
import { ListSkeleton } from "../parts/states";
import { EnvironmentRoles } from "../roles/environment-roles";
import { Environments, FirstEnvironment } from "./environments";
import { Layout } from "./layout";
import { returned } from "../sign-in/returned";
import { SignInPage, SignedInElsewhere } from "../sign-in/sign-in";

const Permissions = lazy(() => import("../permissions/permissions"));
const Organizations = lazy(() => import("../organizations/organizations"));
const Organization = lazy(() => import("../organizations/organization"));
const Users = lazy(() => import("../users/users"));
const User = lazy(() => import("../users/user"));
const Events = lazy(() => import("../events/events"));
const Settings = lazy(() => import("../settings/settings"));
const Expired = lazy(() => import("../sign-in/expired"));

const useToken = () => useSyncExternalStore(session.subscribe, session.token);
const useExpired = () => useSyncExternalStore(session.subscribe, session.expired);

/** Shows the pages, unless this page has just come back from the issuer. */
export function App() {
  const state = useSyncExternalStore(returned.subscribe, returned.state);
  if (state === "for-another-tab") return <SignedInElsewhere />;
  return state === "completing" ? <Beginning /> : <SignedIn />;
}

const Beginning = () => (
  <main className="start">
    <ListSkeleton rows={5} />
  </main>
);

/** Finds out who calls, and shows the pages or the sign-in. */
function SignedIn() {
  const token = useToken();
  const isExpired = useExpired();
  const { data, error, refetch } = useQuery<GetCallerResponse>({
    queryKey: ["caller", token],
    queryFn: ({ signal }) => send(call(AccessService.method.getCaller, {}), signal),
    staleTime: Infinity,
    placeholderData: (previous) => (token ? previous : undefined),
  });
  useEffect(() => {
    if (token) void queryClient.invalidateQueries(); // what an old token could not read
  }, [token]);
  if (isExpired && !data) return <SignInPage wasRefused={token !== undefined} />;
  if (!data && !error) return <Beginning />;
  if (!data)
    return (
      <main className="start">
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      </main>
    );
  return (
    <CallerContext value={data}>
      <Pages />
      <Suspense>{isExpired && <Expired />}</Suspense>
    </CallerContext>
  );
}

function Pages() {
  const { isRestricted } = useCaller();
  return (
    <Routes>
      <Route index element={<FirstEnvironment />} />
      <Route path=":environment" element={<Layout />}>
        {!isRestricted && (
          <>
            <Route path="roles" element={<EnvironmentRoles />} />
            <Route path="permissions" element={<Permissions />} />
            <Route path="settings" element={<Settings />} />
            <Route path="users" element={<Users />} />
            <Route path="users/:user" element={<User />} />
          </>
        )}
        <Route path="organizations" element={<Organizations />} />
        <Route path="organizations/:organization" element={<Organization />} />
        <Route path="organizations/:organization/:tab" element={<Organization />} />
        <Route path="events" element={<Events />} />
        <Route index element={<Environments />} />
        <Route path="*" element={<Environments />} />
      </Route>
      <Route path="*" element={<Navigate to="/" replace />} />
    </Routes>
  );
}
