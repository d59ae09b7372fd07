import { listenFailure } from "../../src/display/listen-failure";

const listening = { setting: "ORGROLES_ADDRESS", host: "127.0.0.1", port: 80 };
const coded = (code: string) => Object.assign(new Error(`listen ${code}: 127.0.0.1:80`), { code });

test.each([
  ["EADDRINUSE", "another process listens on 127.0.0.1:80; stop it, or choose another port (EADDRINUSE)"],
  ["EADDRNOTAVAIL", "127.0.0.1 does not belong to this machine (EADDRNOTAVAIL)"],
  ["EAFNOSUPPORT", "127.0.0.1 does not belong to this machine (EAFNOSUPPORT)"],
  ["EACCES", "this user may not listen on port 80; choose a port above 1023 (EACCES)"],
  ["ENOTFOUND", "the host 127.0.0.1 cannot be resolved (ENOTFOUND)"],
  ["EAI_AGAIN", "the host 127.0.0.1 cannot be resolved (EAI_AGAIN)"],
  ["EMFILE", "cannot listen on 127.0.0.1:80: listen EMFILE: 127.0.0.1:80"],
])("%s is said with the setting", (code, reason) => {
  expect(listenFailure(listening, coded(code)).message).toBe(`ORGROLES_ADDRESS: ${reason}`);
});

test("grpc-js has the code in its message", () => {
  const error = new Error(
    "No address added out of total 1 resolved errors: [listen EACCES: permission denied 127.0.0.1:80]",
  );
  expect(listenFailure(listening, error).message).toBe(
    "ORGROLES_ADDRESS: this user may not listen on port 80; choose a port above 1023 (EACCES)",
  );
});
