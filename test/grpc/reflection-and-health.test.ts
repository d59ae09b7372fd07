import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { Client, type StatusObject, credentials, status } from "@grpc/grpc-js";
import {
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Serving,
  HealthService,
} from "../../gen/grpc/health/v1/health";
import { engines } from "../support/engines";
import { message } from "../support/raw";
import { type TestService, startService } from "../support/service";
import { present } from "../support/stage";

const protoFiles = readdirSync("proto/orgroles/v1").map((name) => `proto/orgroles/v1/${name}`);
const ownServices = protoFiles.flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(/^service (\w+)/gm)].map(([, name]) => `orgroles.v1.${name}`),
);

let service: TestService;
let client: Client;
beforeAll(async () => {
  service = await startService(present(engines[0]));
  client = new Client(service.address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
});
afterAll(async () => {
  client.close();
  await service.drop();
});

const encoded = (bytes: Buffer) => bytes;

/** The length-delimited fields of a message by their numbers. */
function fieldsOf(bytes: Uint8Array): (number: number) => Uint8Array[] {
  const fields: [number, Uint8Array][] = [];
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) fields.push([number, reader.bytes()]);
    else reader.skip(wireType);
  }
  return (wanted) => fields.flatMap(([number, value]) => (number === wanted ? [value] : []));
}
const texts = (values: readonly Uint8Array[]) => values.map((value) => Buffer.from(value).toString());

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  const ask = async (field: number, text: string) => {
    const path = `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`;
    const stream = client.makeBidiStreamRequest(path, encoded, encoded);
    stream.write(Buffer.from(message([field, text])));
    const [answer] = (await once(stream, "data")) as [Buffer];
    stream.end();
    return fieldsOf(answer);
  };
  const listServices = async () => {
    const [list] = (await ask(7, ""))(6);
    return texts(fieldsOf(present(list))(1).flatMap((entry) => fieldsOf(entry)(1)));
  };
  /** Names and contents of the files that an answer holds. */
  const files = async (field: number, text: string) => {
    const [answer] = (await ask(field, text))(4);
    return fieldsOf(present(answer))(1).map((file) => ({ name: texts(fieldsOf(file)(1))[0] ?? "", file }));
  };

  test("lists every service", async () => {
    expect(ownServices.length).toBeGreaterThanOrEqual(5);
    expect(await listServices()).toEqual(expect.arrayContaining([...ownServices, "grpc.health.v1.Health"]));
  });

  test("resolves every service to its file, and every import of it", async () => {
    const resolved = new Map<string, Uint8Array>();
    for (const name of ownServices) for (const found of await files(4, name)) resolved.set(found.name, found.file);
    for (const [name, file] of resolved)
      for (const dependency of texts(fieldsOf(file)(3)))
        if (!resolved.has(dependency)) {
          const found = await files(3, dependency);
          expect(found.map((one) => one.name)).toContain(dependency);
          for (const one of found) resolved.set(one.name, one.file);
          expect(resolved.get(name)).toBe(file);
        }
    const declared = protoFiles.filter((file) => file.endsWith("_service.proto"));
    expect([...resolved.keys()]).toEqual(
      expect.arrayContaining([
        "google/protobuf/timestamp.proto",
        "google/rpc/status.proto",
        ...declared.map((file) => file.slice(6)),
      ]),
    );
  });

  test("says what it does not know", async () => {
    for (const [field, text] of [
      [4, "orgroles.v1.NoService"],
      [3, "orgroles/v1/no.proto"],
    ] as const) {
      const answer = await ask(field, text);
      expect(answer(7)).toHaveLength(1);
      expect(answer(4)).toEqual([]);
    }
  });
});

const { check, watch } = HealthService;
const healthOf = (name: string) =>
  new Promise<unknown>((resolve) => {
    client.makeUnaryRequest(
      check.path,
      check.requestSerialize,
      check.responseDeserialize,
      { service: name },
      (error, response) => resolve(error ? status[error.code] : response?.status),
    );
  });

test("the server and each of its services are serving", async () => {
  for (const name of ["", ...ownServices]) expect(await healthOf(name)).toBe(Serving.SERVING);
});

test("the health of an unknown service is NOT_FOUND", async () => {
  expect(await healthOf("orgroles.v1.NoService")).toBe("NOT_FOUND");
});

test("open streams hear of the end and do not hold it up", async () => {
  const stopping = await startService(present(engines[0]));
  const other = new Client(stopping.address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const heard: unknown[] = [];
  const watching = other.makeServerStreamRequest(watch.path, watch.requestSerialize, watch.responseDeserialize, {
    service: "orgroles.v1.RoleService",
  });
  watching.on("data", (response: HealthCheckResponse) => heard.push(response.status));
  const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  const reflecting = other.makeBidiStreamRequest(path, encoded, encoded);
  reflecting.write(Buffer.from(message([7, ""])));
  const ends = [watching, reflecting].map(
    (stream) =>
      new Promise((resolve) => {
        stream.on("error", () => undefined);
        stream.on("status", ({ code, details }: StatusObject) => resolve([status[code], details]));
      }),
  );
  await Promise.all([watching, reflecting].map((stream) => once(stream, "data")));
  await stopping.drop();
  for (const end of ends) expect(await end).toEqual(["UNAVAILABLE", "The server is stopping"]);
  expect(heard).toEqual([Serving.SERVING, Serving.NOT_SERVING]);
  other.close();
});
