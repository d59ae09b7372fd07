import { unknownKey, unknownSettings } from "../src/config/setting-names";
import { settings } from "../src/config/settings";

const faults = (...names: string[]) => unknownSettings(Object.fromEntries(names.map((name) => [name, "1"])));

test.each([
  ["ORGROLES_ADRESS", "ORGROLES_ADDRESS"],
  ["ORGROLES_ADDRES", "ORGROLES_ADDRESS"],
  ["ORGROLES_ADDERSS", "ORGROLES_ADDRESS"],
  ["ORGROLES_Address", "ORGROLES_ADDRESS"],
  ["ORGROLES_ENVIRONMENT", "ORGROLES_ENVIRONMENTS"],
  ["ORGROLES_WORKER", "ORGROLES_WORKERS"],
  ["ORGROLES_DATABASE", "ORGROLES_DATABASE_URL"],
  ["ORGROLES_TLS_CERT", "ORGROLES_TLS_CERT_FILE"],
  ["ORGROLES_LOGLEVEL", "ORGROLES_LOG_LEVEL"],
  ["ORGROLES_CREDENTIAL", "ORGROLES_CREDENTIALS"],
  ["ORGROLES_MIGRATES", "ORGROLES_MIGRATE"],
])("%s may mean %s", (name, nearest) => {
  expect(faults(name)).toEqual([`${name}: is not a setting; did you mean ${nearest}?`]);
});

test.each(["ORGROLES_PORT", "ORGROLES_X", "ORGROLES_", "ORGROLES_SOMETHING_ELSE"])("%s may mean anything", (name) => {
  expect(faults(name)).toEqual([`${name}: is not a setting`]);
});

test("every setting with one character less is recognized", () => {
  for (const { name } of settings) expect(faults(name.slice(0, -1))[0]).toContain(`did you mean ${name}?`);
});

test("a key of the file is compared in its own form", () => {
  expect(unknownKey("adress")).toBe("adress is not a setting; did you mean address?");
  expect(unknownKey("config_fil")).toBe("config_fil is not a setting");
});

/** What Kubernetes makes for a Service with one port. */
const links = (name: string, ip: string) => ({
  [`${name}_SERVICE_HOST`]: ip,
  [`${name}_SERVICE_PORT`]: "50051",
  [`${name}_SERVICE_PORT_GRPC`]: "50051",
  [`${name}_PORT`]: `tcp://${ip}:50051`,
  [`${name}_PORT_50051_TCP`]: `tcp://${ip}:50051`,
  [`${name}_PORT_50051_TCP_PROTO`]: "tcp",
  [`${name}_PORT_50051_TCP_PORT`]: "50051",
  [`${name}_PORT_50051_TCP_ADDR`]: ip,
});

describe("the variables that Kubernetes creates for a Service", () => {
  const advice = "set enableServiceLinks: false in the pod, or rename the Service";

  test("are one fault that names the Service", () => {
    expect(unknownSettings(links("ORGROLES", "10.0.0.1"))).toEqual([
      `ORGROLES_SERVICE_HOST and 7 more like it: are service links that Kubernetes creates for a Service named orgroles; ${advice}`,
    ]);
  });

  test("and so are those of several Services, with addresses of IPv6", () => {
    const both = { ...links("ORGROLES", "10.0.0.1"), ...links("ORGROLES_ADMIN", "fd00::1") };
    expect(unknownSettings(both)).toEqual([
      `ORGROLES_SERVICE_HOST and 15 more like it: are service links that Kubernetes creates for Services named orgroles, orgroles-admin; ${advice}`,
    ]);
  });

  test("one of them is one", () => {
    expect(unknownSettings({ ORGROLES_PORT: "tcp://10.0.0.1:50051" })).toEqual([
      `ORGROLES_PORT: is a service link that Kubernetes creates for a Service named orgroles; ${advice}`,
    ]);
  });

  test("do not hide another fault", () => {
    const faulty = { ...links("ORGROLES", "10.0.0.1"), ORGROLES_ADRESS: "x" };
    expect(unknownSettings(faulty)).toEqual([
      expect.anything(),
      expect.stringMatching(/did you mean ORGROLES_ADDRESS/),
    ]);
  });
});
