import { Suspense, lazy, useState } from "react";
import { Navigate } from "react-router";
import { call } from "../api/call";
import { useCaller } from "../api/caller";
import { useCall } from "../api/lists";
import { EnvironmentService } from "../gen/orgroles/v1/environment_service_pb";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { OrganizationIcon } from "../parts/icons";
import { Empty, ListSkeleton } from "../parts/states";
import { Logo } from "./logo";
import { paths, useEnvironmentId } from "./paths";

const CreateEnvironment = lazy(() => import("./create-environment"));

export const useEnvironments = () => useCall(call(EnvironmentService.method.listEnvironments, { pageSize: 1000 }));

/** Leads to where somebody begins: the roles of the first environment, or their own organization. */
function useStart(environmentId: string): string {
  const { caller, isRestricted } = useCaller();
  const [only, ...others] = caller.organizationIds;
  if (!isRestricted) return paths.roles(environmentId);
  return only && !others.length ? paths.organization(environmentId, only) : paths.organizations(environmentId);
}

/** Stands where an address has an environment and no page. */
export const Environments = () => <Navigate to={useStart(useEnvironmentId())} replace />;

export function FirstEnvironment() {
  const { data, error, refetch } = useEnvironments();
  const first = data?.environments[0]?.id ?? "";
  const start = useStart(first);
  const { refuses } = useCaller();
  const [isOpen, setOpen] = useState(false);
  if (first) return <Navigate to={start} replace />;
  return (
    <main className="start">
      <Logo />
      {error && !data ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <Empty
          icon={<OrganizationIcon size={22} />}
          title="No environment yet"
          text="An environment is a stage of your product, such as production or staging, with roles of its own."
        >
          <ActionButton refused={refuses("admin", { environmentId: "" })} onClick={() => setOpen(true)}>
            Create environment
          </ActionButton>
        </Empty>
      ) : (
        <ListSkeleton rows={4} />
      )}
      <Suspense>{isOpen && <CreateEnvironment onClose={() => setOpen(false)} />}</Suspense>
    </main>
  );
}
