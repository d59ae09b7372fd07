import type { OutgoingHttpHeaders } from "node:http";
import { ask, json } from "../http/peer";

/** Makes a request that no client would make. Returns the status and the body. */
export async function rest(
  address: string,
  at: string,
  body?: string | object,
  { key = "sk_alpha", ...headers }: OutgoingHttpHeaders & { key?: string } = {},
) {
  const [method = "", path = ""] = at.split(" ");
  const answer = await ask(address, path, {
    method,
    headers: { ...(body !== undefined && json), ...(key && { authorization: `Bearer ${key}` }), ...headers },
    ...(body !== undefined && {
      body: typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body),
    }),
  });
  const text = answer.body.toString();
  return {
    status: answer.status,
    headers: answer.headers,
    body: (text ? JSON.parse(text) : undefined) as Readonly<Record<string, unknown>> & { readonly code: string },
  };
}
