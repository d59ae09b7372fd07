import type { EnvironmentUid } from "../../domain/ids";
import type { EnvironmentId, RequestId } from "../../domain/values";
import { ascii, integer, key, longText } from "./columns";
import { type RowOf, declareTable } from "./table";

/** The responses to request ids. A record outlives its environment, so that a repeated deletion finds it. */
export const idempotencyRecordTable = declareTable(
  "answered_requests",
  {
    environmentId: key(ascii<EnvironmentId>(64)),
    requestId: key(ascii<RequestId>(36)),
    fingerprint: ascii<string>(64),
    answer: longText(),
    createTime: integer(),
  },
  { indices: [{ name: "answered_requests_time", columns: ["createTime"] }] },
);

/** The markers of deletions that removed one row and left others behind, which nothing reads. */
export const deletionMarkerTable = declareTable("purges", {
  kind: key(ascii<"environment" | "organization" | "permission">(16)),
  environmentUid: key(ascii<EnvironmentUid>(26)),
  /** The permission's id or the organization's uid; empty for an environment. */
  subjectId: key(ascii<string>(31)),
  deleteTime: integer(),
});

export type DeletionMarkerRow = RowOf<typeof deletionMarkerTable>;

/** The leases of background work, and the processes that have them. */
export const leaseTable = declareTable("leases", {
  name: key(ascii<string>(32)),
  /** Empty while the lease is free. */
  holder: ascii<string>(36),
  /** Grows while the holder is alive. */
  beat: integer(),
});
