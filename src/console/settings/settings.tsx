import { Suspense, lazy, useState } from "react";
import { useCaller } from "../api/caller";
import { useEnvironment } from "../api/lists";
import type { Environment } from "../gen/orgroles/v1/environment_pb";
import { ActionButton } from "../parts/action-button";
import { ErrorNotice } from "../parts/error-notice";
import { Page } from "../parts/page";
import { ListSkeleton } from "../parts/states";
import { Mark, Mono } from "../parts/text";
import { useEnvironmentId } from "../shell/paths";
import type { Switch } from "./switch-setting";

const Rename = lazy(() => import("./rename"));
const SwitchSetting = lazy(() => import("./switch-setting"));
const DeleteEnvironment = lazy(() => import("./delete-environment"));

const switches: readonly { of: Switch; title: string; text: string }[] = [
  {
    of: "multipleRolesEnabled",
    title: "Multiple roles",
    text: "A member may have several roles at once. Without it, each member has one.",
  },
  {
    of: "escalationGuardEnabled",
    title: "Escalation guard",
    text: "Whoever acts for a user gives in an organization only what this user has there.",
  },
];

/** Shows the settings of an environment, and changes them one by one. */
export default function Settings() {
  const environmentId = useEnvironmentId();
  const { data, error, refetch } = useEnvironment(environmentId);
  return (
    <Page title="Settings" lead="What applies to the whole environment.">
      {data?.environment ? (
        <SettingList environment={data.environment} />
      ) : error ? (
        <ErrorNotice error={error} onRetry={() => void refetch()} />
      ) : (
        <ListSkeleton rows={4} />
      )}
    </Page>
  );
}

function SettingList({ environment }: { environment: Environment }) {
  const { refuses } = useCaller();
  const [open, setOpen] = useState<Switch | "name" | "delete">();
  const refused = refuses("admin", { environmentId: environment.id });
  const close = () => setOpen(undefined);
  const dialog = { environment, onClose: close };
  return (
    <>
      <ul className="list rows settings">
        <li className="row">
          <div className="row-main">
            <div className="row-name">Name</div>
            <div className="row-explanation">
              <bdi className="breakable">{environment.displayName}</bdi>{" "}
              {environment.displayName !== environment.id && <Mono className="dim">{environment.id}</Mono>}
            </div>
          </div>
          <ActionButton kind="default" refused={refused} onClick={() => setOpen("name")}>
            Rename
          </ActionButton>
        </li>
        {switches.map(({ of, title, text }) => (
          <li className="row" key={of}>
            <div className="row-main">
              <div className="row-head">
                <span className="row-name">{title}</span>
                <Mark kind={environment[of] ? "custom" : "inherited"}>{environment[of] ? "On" : "Off"}</Mark>
              </div>
              <div className="row-explanation">{text}</div>
            </div>
            <ActionButton kind="default" refused={refused} onClick={() => setOpen(of)}>
              {environment[of] ? "Switch off" : "Switch on"}
            </ActionButton>
          </li>
        ))}
        <li className="row">
          <div className="row-main">
            <div className="row-name">Delete the environment</div>
            <div className="row-explanation">With its roles, its permissions, and everything of its organizations.</div>
          </div>
          <ActionButton kind="danger" refused={refused} onClick={() => setOpen("delete")}>
            Delete
          </ActionButton>
        </li>
      </ul>
      <Suspense>
        {open === "name" && <Rename {...dialog} />}
        {open === "delete" && <DeleteEnvironment {...dialog} />}
        {(open === "multipleRolesEnabled" || open === "escalationGuardEnabled") && (
          <SwitchSetting setting={open} {...dialog} />
        )}
      </Suspense>
    </>
  );
}
