import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { session } from "./session";

const authorize: Interceptor = (next) => async (request) => {
  const token = session.token();
  if (token) request.header.set("authorization", `Bearer ${token}`);
  try {
    return await next(request);
  } catch (error) {
    if (ConnectError.from(error).code === Code.Unauthenticated && token === session.token()) session.expire();
    throw error;
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
