import {
  type Context,
  type Span,
  type TextMapGetter,
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import type { TracedCall } from "../calls/traced-call";
import type { Tracing } from "./spans";

const { version } = require("#package") as { version: string };

/** Codes of failures of the server. The other codes are errors of the caller. */
const serverErrors = new Set(["UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"]);

/** Characters of a statement in a span. Only statements with hundreds of values are longer. */
const longestStatement = 4096;

const headers: TextMapGetter<(name: string) => string | undefined> = {
  get: (header, name) => header(name),
  keys: () => [],
};

export class OpenTelemetry implements Tracing {
  private readonly provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ "service.name": "orgroles", "service.version": version }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  private readonly tracer = this.provider.getTracer("orgroles", version);

  constructor() {
    this.provider.register();
  }

  call(method: string, header: (name: string) => string | undefined): TracedCall {
    const [, service = "", rpc = ""] = method.split("/");
    const span = this.tracer.startSpan(
      `${service}/${rpc}`,
      { kind: SpanKind.SERVER, attributes: { "rpc.system": "grpc", "rpc.service": service, "rpc.method": rpc } },
      propagation.extract(ROOT_CONTEXT, header, headers),
    );
    return new Call(span, trace.setSpan(ROOT_CONTEXT, span));
  }

  async statement<T>(system: string, sql: string, work: () => Promise<T>): Promise<T> {
    if (!trace.getActiveSpan()?.isRecording()) return work();
    const [name, operation, table] = summaryOf(sql);
    const span = this.tracer.startSpan(name, {
      kind: SpanKind.CLIENT,
      attributes: {
        "db.system.name": system,
        "db.operation.name": operation,
        "db.query.text": sql.slice(0, longestStatement),
        ...(table && { "db.collection.name": table }),
      },
    });
    try {
      return await work();
    } catch (error) {
      // the message of a database error quotes values
      span.setStatus({ code: SpanStatusCode.ERROR });
      const { code } = error as { code?: unknown };
      span.setAttribute("error.type", typeof code === "string" ? code : "error");
      throw error;
    } finally {
      span.end();
    }
  }

  async close(): Promise<void> {
    // an unreachable endpoint must not prevent a clean exit
    await this.provider.shutdown().catch(() => undefined);
    trace.disable();
    context.disable();
    propagation.disable();
  }
}

class Call implements TracedCall {
  constructor(
    private readonly span: Span,
    private readonly within: Context,
  ) {}

  get traceId(): string {
    return this.span.spanContext().traceId;
  }

  run<T>(work: () => T): T {
    return context.with(this.within, work);
  }

  end({ code, reason }: { readonly code: string; readonly reason: string | undefined }): void {
    this.span.setAttribute("rpc.response.status_code", code);
    if (reason !== undefined) this.span.setAttribute("error.type", reason);
    if (serverErrors.has(code)) this.span.setStatus({ code: SpanStatusCode.ERROR });
    this.span.end();
  }
}

/** Returns a summary such as `SELECT roles`, and its parts. */
function summaryOf(sql: string): [name: string, operation: string, table: string | undefined] {
  const operation = /^\s*(\w+)/.exec(sql)?.[1]?.toUpperCase() ?? "SQL";
  const table = /\b(?:FROM|INTO|UPDATE)\s+[`"]?(\w+)/i.exec(sql)?.[1];
  return [table ? `${operation} ${table}` : operation, operation, table];
}
