import { useMutation } from "@tanstack/react-query";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { RoleIcon } from "../parts/icons";
import { Empty } from "../parts/states";
import { fillInSample } from "./sample";

/** Offers a start to whoever has just installed the service. */
export function SampleOffer({ environmentId }: { environmentId: string }) {
  const { mutate, isPending, error } = useMutation({ mutationFn: () => fillInSample(environmentId) });
  return (
    <>
      {error && <ErrorNotice error={error} onRetry={() => mutate()} />}
      <Empty
        icon={<RoleIcon size={22} />}
        title="This environment is new"
        text="Create the roles of your product, or begin with a sample: six permissions, three roles, and an organization with a custom role and four members."
      >
        <ActionButton kind="default" pending={isPending} onClick={() => mutate()}>
          Fill in a sample
        </ActionButton>
      </Empty>
    </>
  );
}
