import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-node";
import { cases } from "../conformance/cases";
import { type Case, Conversation } from "../conformance/typescript/conversation";
import { sqliteEngine } from "../support/engines";
import { type TestService, startService } from "../support/service";
import { ConnectCaller, registry } from "./connect-caller";

let service: TestService;
beforeAll(async () => {
  service = await startService(sqliteEngine);
});
afterAll(() => service?.drop());

const options = () => ({ baseUrl: `http://${service.httpAddress}`, httpVersion: "1.1" as const });
const transports = {
  "Connect in JSON": () => createConnectTransport({ ...options(), useBinaryFormat: false, jsonOptions: { registry } }),
  "Connect in Protobuf": () => createConnectTransport({ ...options(), useBinaryFormat: true }),
  "gRPC-Web": () => createGrpcWebTransport(options()),
};

describe.each(Object.keys(transports) as (keyof typeof transports)[])("%s", (name) => {
  test.each(cases.map(({ file, steps }) => ({ file, steps: steps as unknown as Case["steps"] })))(
    "passes $file",
    async ({ steps }) => {
      const conversation = new Conversation(new ConnectCaller(transports[name]()), undefined, []);
      for (const step of steps) expect([step.call, await conversation.hold(step)]).toEqual([step.call, undefined]);
    },
  );
});
