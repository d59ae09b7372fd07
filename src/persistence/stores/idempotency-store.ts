import { LessThan } from "typeorm";
import type { IdempotencyRecord, IdempotencyStore } from "../../application/ports/idempotency-store";
import type { EnvironmentId, RequestId } from "../../domain/values";
import { Conflict, failureOf } from "../connection/driver-errors";
import type { Session } from "../connection/session";
import { idempotencyRecordTable } from "../entities/housekeeping";
import { fromText, toText } from "./compact-text";

const selection = idempotencyRecordTable.selection(["environmentId"]);

export class TypeormIdempotencyStore implements IdempotencyStore {
  constructor(private readonly session: Session) {}

  private get rows() {
    return this.session.table("answered_requests");
  }

  async find(
    environmentId: EnvironmentId,
    requestId: RequestId,
    since: number,
  ): Promise<IdempotencyRecord | undefined> {
    const [row] = await this.session.select(
      selection,
      "answered_requests WHERE environment_id = ? AND request_id = ? AND create_time >= ?",
      [environmentId, requestId, since],
    );
    if (!row) return undefined;
    const { answer, ...record } = row;
    return { answer: await fromText(answer), ...record };
  }

  async save(environmentId: EnvironmentId, record: IdempotencyRecord, since: number): Promise<void> {
    const { requestId, fingerprint, createTime } = record;
    const fresh = { fingerprint, answer: await toText(record.answer), createTime };
    try {
      await this.session.insert(idempotencyRecordTable, [{ environmentId, requestId, ...fresh }]);
    } catch (error) {
      if (failureOf(error) !== "duplicate") throw error;
      const { affected } = await this.rows.update({ environmentId, requestId, createTime: LessThan(since) }, fresh);
      if (affected !== 1) throw new Conflict("another request with this id was recorded meanwhile");
    }
  }
}
