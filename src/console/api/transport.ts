import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { freshToken, renew } from "./renewal";
import { session } from "./session";

const isRefused = (error: unknown) => ConnectError.from(error).code === Code.Unauthenticated;

/** Sends the token. A token that the server no longer accepts is renewed once, and then asked for. */
const authorize: Interceptor = (next) => async (request) => {
  const send = async (token: string | undefined) => {
    if (token) request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
  const token = await freshToken();
  try {
    return await send(token);
  } catch (error) {
    if (!isRefused(error)) throw error;
    if (token === session.token()) await renew();
    const renewed = session.token();
    if (token === renewed) session.expire();
    if (token === renewed || request.stream) throw error;
    return send(renewed).catch((again: unknown) => {
      if (isRefused(again) && renewed === session.token()) session.expire();
      throw again;
    });
  }
};

/** Calls time out, so that a server that hangs is said to. Streams have a watchdog of their own. */
export const transport = createConnectTransport({
  baseUrl: window.location.origin,
  interceptors: [authorize],
  defaultTimeoutMs: 15_000,
});

/** Streams have no time limit. */
export const streamTransport = createConnectTransport({ baseUrl: window.location.origin, interceptors: [authorize] });

/** Acts on a stream that ended because its token did. */
export async function reportStreamEnd(error: unknown): Promise<void> {
  if (!isRefused(error)) return;
  const token = session.token();
  await renew();
  if (token === session.token()) session.expire();
}
