import { LessThan } from "typeorm";
import type { IdempotencyRecord, IdempotencyStore } from "../../application/ports/idempotency-store";
import type { EnvironmentId, RequestId } from "../../domain/values";
import { Conflict, failureOf } from "../connection/driver-errors";
import type { Session } from "../connection/session";
import { insertion } from "./conditions";
import { fromText, toText } from "./idempotency-record-text";

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
    const [row]: (IdempotencyRecord & { readonly answer: string })[] = await this.session.query(
      "SELECT request_id AS requestId, fingerprint, answer, create_time AS createTime FROM answered_requests" +
        " WHERE environment_id = ? AND request_id = ? AND create_time >= ?",
      [environmentId, requestId, since],
    );
    return row && { ...row, answer: await fromText(row.answer) };
  }

  async save(environmentId: EnvironmentId, answer: IdempotencyRecord, since: number): Promise<void> {
    const { requestId, fingerprint, createTime } = answer;
    const fresh = { fingerprint, answer: await toText(answer.answer), createTime };
    try {
      const row = [environmentId, requestId, fingerprint, fresh.answer, createTime];
      const columns = "environment_id, request_id, fingerprint, answer, create_time";
      await this.session.query(insertion("answered_requests", columns, [row]), row);
    } catch (error) {
      if (failureOf(error) !== "duplicate") throw error;
      const { affected } = await this.rows.update({ environmentId, requestId, createTime: LessThan(since) }, fresh);
      if (affected !== 1) throw new Conflict("another request with this id was answered meanwhile");
    }
  }
}
