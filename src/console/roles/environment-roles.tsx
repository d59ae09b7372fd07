import { Suspense, lazy, useState } from "react";
import { useCaller } from "../api/caller";
import { useRoles } from "../api/lists";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { PlusIcon } from "../parts/icons";
import { Page } from "../parts/page";
import { ListSkeleton } from "../parts/states";
import { useEnvironmentId } from "../shell/paths";
import { RoleList } from "./role-list";
import { SampleOffer } from "./sample-offer";

const CreateRole = lazy(() => import("./create-role"));

export function EnvironmentRoles() {
  const scope = { environmentId: useEnvironmentId() };
  const { data, error, refetch } = useRoles(scope);
  const { refuses } = useCaller();
  const [isOpen, setOpen] = useState(false);
  const refused = refuses("write", scope);
  return (
    <Page
      title="Roles"
      lead="Every organization of this environment has these roles. Where a member has several, the highest wins."
      actions={
        <ActionButton icon={<PlusIcon size={16} />} refused={refused} onClick={() => setOpen(true)}>
          Create role
        </ActionButton>
      }
    >
      {error && !data ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : data ? (
        <>
          <RoleList
            scope={scope}
            list={data}
            rules={{ reorder: refused, default: refused, change: refused, isOrganization: false }}
          />
          {data.roles.length === 1 && !refused && <SampleOffer environmentId={scope.environmentId} />}
        </>
      ) : (
        <ListSkeleton rows={4} />
      )}
      <Suspense>{isOpen && <CreateRole scope={scope} onClose={() => setOpen(false)} />}</Suspense>
    </Page>
  );
}
