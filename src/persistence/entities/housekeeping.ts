import { EntitySchema } from "typeorm";
import type { EnvironmentUid } from "../../domain/ids";
import type { EnvironmentId, RequestId } from "../../domain/values";
import { type Columns, primary } from "./columns";

/** The answer to a request id. It outlives its environment, so that a repeated deletion finds it. */
export interface AnsweredRequestRow {
  environmentId: EnvironmentId;
  requestId: RequestId;
  fingerprint: string;
  answer: string;
  createTime: number;
}

export const answeredRequestEntity = (columns: Columns) =>
  new EntitySchema<AnsweredRequestRow>({
    name: "answered_requests",
    columns: {
      environmentId: primary(columns.ascii(64)),
      requestId: primary(columns.ascii(36)),
      fingerprint: columns.ascii(64),
      answer: columns.longText(),
      createTime: columns.integer(),
    },
    indices: [{ name: "answered_requests_time", columns: ["createTime"] }],
  });

/** What was deleted in one row, and has left rows behind that nothing reads. */
export interface PurgeRow {
  kind: "environment" | "organization" | "permission";
  environmentUid: EnvironmentUid;
  /** The permission's id or the organization's uid; empty for an environment. */
  subjectId: string;
  deleteTime: number;
}

export const purgeEntity = (columns: Columns) =>
  new EntitySchema<PurgeRow>({
    name: "purges",
    columns: {
      kind: primary(columns.ascii(16)),
      environmentUid: primary(columns.ascii(26)),
      subjectId: primary(columns.ascii(31)),
      deleteTime: columns.integer(),
    },
  });

/** Who does a piece of background work. `beat` grows while the holder lives. */
export interface LeaseRow {
  name: string;
  /** Empty when nobody holds it. */
  holder: string;
  beat: number;
}

export const leaseEntity = (columns: Columns) =>
  new EntitySchema<LeaseRow>({
    name: "leases",
    columns: { name: primary(columns.ascii(32)), holder: columns.ascii(36), beat: columns.integer() },
  });
