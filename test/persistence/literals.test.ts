import fc from "fast-check";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { writeValues } from "../../src/persistence/literals";
import { connectTo } from "../support/connection";
import { type TestDatabase, servers } from "../support/engines";

test.each([
  ["plain text", "role_01ABC +/=.:,;-", "'role_01ABC +/=.:,;-'"],
  ["no text, which a mode can take for NULL between quotes", "", "_utf8mb4 X''"],
  ["a quote", "O'Brien", "_utf8mb4 X'4f27427269656e'"],
  ["a backslash", "a\\", "_utf8mb4 X'615c'"],
  ["a line break after plain text", "a\n", "_utf8mb4 X'610a'"],
  ["a letter beyond ASCII", "縗", "_utf8mb4 X'e7b897'"],
  ["half a character", "\ud800", "_utf8mb4 X'efbfbd'"],
  ["a number", -1.5, "-1.5"],
  ["a large number", 2n ** 64n, "18446744073709551616"],
  ["a boolean", true, "true"],
  ["nothing", null, "NULL"],
])("%s is written so that no setting changes it", (_, value, written) => {
  expect(writeValues("SELECT ?, ?", [value, 1])).toBe(`SELECT ${written}, 1`);
});

test.each([
  ["nothing that was meant", [undefined]],
  ["no number", [Number.NaN]],
  ["an infinite number", [Infinity]],
  ["an object, of which a driver makes a condition", [{ id: 1 }]],
  ["a list", [["a", "b"]]],
  ["a date", [new Date(0)]],
  ["more values than places", ["a", "b"]],
])("%s is an error", (_, values) => {
  expect(() => writeValues("SELECT ?", values)).toThrow(/^A statement /);
});

test("fewer values than places are an error, and a statement without values stays as it is", () => {
  expect(() => writeValues("SELECT ?, ?", ["a"])).toThrow("A statement has fewer values than places for them");
  expect(writeValues("SELECT '?'")).toBe("SELECT '?'");
});

test("a question mark in a value is no place for another one", () => {
  expect(writeValues("SELECT ?, ?", ["?", "a"])).toBe("SELECT _utf8mb4 X'3f', 'a'");
});

const modes = {
  mariadb: [
    ...["ANSI_QUOTES", "HIGH_NOT_PRECEDENCE", "IGNORE_SPACE", "NO_BACKSLASH_ESCAPES", "PAD_CHAR_TO_FULL_LENGTH"],
    ...["PIPES_AS_CONCAT", "STRICT_ALL_TABLES", "EMPTY_STRING_IS_NULL", "ORACLE", "MSSQL", "DB2", "ANSI"],
  ],
  mysql: [
    ...["ANSI_QUOTES", "HIGH_NOT_PRECEDENCE", "IGNORE_SPACE", "NO_BACKSLASH_ESCAPES", "PAD_CHAR_TO_FULL_LENGTH"],
    ...["PIPES_AS_CONCAT", "STRICT_ALL_TABLES", "REAL_AS_FLOAT", "ANSI"],
  ],
  sqlite: [],
};

/** Of a client. In most of them the second byte of a character may be that of a backslash or of a quote. */
const charsets = ["utf8mb4", "latin1", "ascii", "binary", "swe7", "gbk", "gb2312", "big5", "sjis", "cp932", "euckr"];

const attack = "',(select user()),2)#";

/** Bytes of characters that a server may see where a client's driver saw others: 0xBF5C is one of GBK. */
const gbkLike = fc
  .array(fc.constantFrom("\u00bf", "\u0081", "\u0095", "\\", "'", '"', "縗", "表", "\u0000", "%", "_", "`", ";", "--"))
  .map((parts) => parts.join(""));

const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 30 }),
  gbkLike,
  fc.constantFrom("", attack, "O'Brien", "back\\slash", "\\", "\\'", "''", "/*!50000 x */", "X'41'", "a\u001ab"),
);

describe.each(servers)("values on $name", ({ name, create }) => {
  let database: TestDatabase;
  let connection: Connection;
  beforeAll(async () => {
    database = await create();
    connection = await connectTo(database.url);
    await connection.query("SET session_track_system_variables = 'autocommit'"); // else mysql2 encodes as told there
    await connection.query(
      "CREATE TABLE texts (id int PRIMARY KEY, content varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin," +
        " other varchar(9)) ENGINE=InnoDB",
    );
  });
  afterAll(async () => {
    connection?.destroy();
    await database?.drop();
  });

  /** Under a mode and a character set, what is written and looked for must be what is stored, byte for byte. */
  async function roundTrip(mode: readonly string[], charset: string, contents: readonly string[]): Promise<void> {
    await connection.query(`SET sql_mode = '${mode.join(",")}', character_set_client = '${charset}'`);
    await connection.query("DELETE FROM texts");
    await connection.query(`INSERT INTO texts VALUES ${contents.map(() => "(?, ?, ?)").join(", ")}`, [
      ...contents.flatMap((content, id) => [id, content, "untouched"]),
    ]);
    const [rows] = await connection.query<RowDataPacket[]>("SELECT id, HEX(content) AS hex, other FROM texts");
    const expected = contents.map((content, id) => ({
      id,
      hex: Buffer.from(content).toString("hex").toUpperCase(),
      other: "untouched",
    }));
    expect(rows.toSorted((a, b) => Number(a["id"]) - Number(b["id"]))).toEqual(expected);
    const [last] = contents.slice(-1);
    const [found] = await connection.query<RowDataPacket[]>("SELECT id FROM texts WHERE content = ?", [last]);
    expect(found.map((row) => Number(row["id"]))).toContain(contents.length - 1);
  }

  const pairs = modes[name].flatMap((first, index) => modes[name].slice(index).map((second) => [first, second]));
  const samples = fc.sample(text, { numRuns: 12, seed: 1 });

  test.each(charsets)(
    "are what they are under every pair of modes when a client's characters are %s",
    async (charset) => {
      for (const pair of [[], ...pairs]) await roundTrip(pair, charset, [...samples, attack]);
    },
  );

  test("are what they are, whatever they are", async () => {
    const property = fc.asyncProperty(
      fc.subarray(modes[name]),
      fc.constantFrom(...charsets),
      fc.array(text, { minLength: 1, maxLength: 8 }),
      roundTrip,
    );
    await fc.assert(property, { numRuns: 200 });
  });
});
