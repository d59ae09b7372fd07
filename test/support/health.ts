import { Client, credentials } from "@grpc/grpc-js";

const statuses = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"];

/** What `grpc.health.v1.Health` says of the whole server. */
export async function healthOf(address: string): Promise<string> {
  const client = new Client(address, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  try {
    // an empty request, and an answer of one enum field with number 1
    const answer = await new Promise<Buffer>((resolve, reject) => {
      client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes,
        Buffer.alloc(0),
        (error, bytes) => (error ? reject(error) : resolve(bytes ?? Buffer.alloc(0))),
      );
    });
    return statuses[answer[1] ?? 0] ?? "";
  } finally {
    client.close();
  }
}
