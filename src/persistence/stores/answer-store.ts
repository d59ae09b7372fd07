import { type EntityManager, LessThan, MoreThanOrEqual } from "typeorm";
import type { EnvironmentId, RequestId } from "../../domain/fields";
import type { Answer, AnswerStore } from "../../domain/stores";
import { Conflict, failureOf } from "../driver-errors";
import { table } from "../entities";

export class TypeormAnswerStore implements AnswerStore {
  private readonly rows;

  constructor(manager: EntityManager) {
    this.rows = table(manager, "answered_requests");
  }

  async find(environmentId: EnvironmentId, requestId: RequestId, since: number): Promise<Answer | undefined> {
    const row = await this.rows.findOneBy({ environmentId, requestId, createTime: MoreThanOrEqual(since) });
    return row ?? undefined;
  }

  async save(environmentId: EnvironmentId, answer: Answer, since: number): Promise<void> {
    const { requestId, ...fresh } = answer;
    try {
      await this.rows.insert({ environmentId, ...answer });
    } catch (error) {
      if (failureOf(error) !== "duplicate") throw error;
      const { affected } = await this.rows.update({ environmentId, requestId, createTime: LessThan(since) }, fresh);
      if (affected !== 1) throw new Conflict("another request with this id was answered meanwhile");
    }
  }
}
