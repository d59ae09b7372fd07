import type { DescMessage, DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { callUnaryMethod } from "@connectrpc/connect-query";
import { useMutation } from "@tanstack/react-query";
import { useRef } from "react";
import { transport } from "./transport";

/** A call: what is sent, and what "copy as grpcurl" shows. */
export interface Call<Output extends DescMessage = DescMessage> {
  readonly method: DescMethodUnary<DescMessage, Output>;
  readonly input: object;
}

export const call = <Input extends DescMessage, Output extends DescMessage>(
  method: DescMethodUnary<Input, Output>,
  input: MessageInitShape<Input>,
): Call<Output> => ({ method, input });

export const send = <Output extends DescMessage>(
  { method, input }: Call<Output>,
  signal?: AbortSignal,
): Promise<MessageShape<Output>> => callUnaryMethod(transport, method, input as never, signal ? { signal } : {});

/** Returns a random UUID, also on pages that browsers do not call secure. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * Makes changes. The same call again has the same request id, so that trying again after a lost answer does nothing
 * twice.
 */
export function useAction<Output extends DescMessage>(onDone?: (output: MessageShape<Output>) => void) {
  const last = useRef({ text: "", id: "" });
  const { mutate, error, isPending, reset } = useMutation<MessageShape<Output>, Error, Call<Output>>({
    mutationFn: (made) => {
      const text = made.method.name + JSON.stringify(made.input);
      if (last.current.text !== text) last.current = { text, id: randomId() };
      const isRepeatable = made.method.input.fields.some(({ name }) => name === "request_id");
      return send(isRepeatable ? { ...made, input: { ...made.input, requestId: last.current.id } } : made);
    },
    onSuccess: (output) => {
      last.current = { text: "", id: "" };
      onDone?.(output);
    },
  });
  return { run: mutate, error, pending: isPending, reset };
}
