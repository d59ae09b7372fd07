import { randomUUID } from "node:crypto";
import { type Engine, type Recipe, tuning } from "./recipe";
import { findProgram, run } from "./system";

const images: Record<Engine, string> = { mariadb: "mariadb:11", mysql: "mysql:9" };
const noPassword = { mariadb: "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", mysql: "MYSQL_ALLOW_EMPTY_PASSWORD" };

/** A container of the official image, whose data live in a volume until the end; undefined without a working daemon. */
export async function findInDocker(engine: Engine): Promise<Recipe | undefined> {
  if (!findProgram("docker")) return undefined;
  try {
    await run(15, ["docker", "version", "--format", "{{.Server.Version}}"]);
  } catch {
    return undefined;
  }
  const image = images[engine];
  await run(30, ["docker", "image", "inspect", image]).catch(() => run(600, ["docker", "pull", "--quiet", image]));

  const name = `orgroles-${randomUUID()}`;
  return {
    engine,
    origin: `It runs in Docker, from the image ${image}.`,
    command: (place) => [
      "docker",
      "run",
      "--rm",
      `--name=${name}`,
      `--publish=127.0.0.1:${place.port}:3306`,
      `--volume=${name}:/var/lib/mysql`,
      `--env=${noPassword[engine]}=1`,
      image,
      ...tuning(place),
    ],
    kill: ["docker", "kill", name],
    cleanups: [
      ["docker", "rm", "--force", name],
      ["docker", "volume", "rm", "--force", name],
    ],
  };
}
