import * as fc from "fast-check";
import type { Connection, RowDataPacket } from "mysql2/promise";
import { writeValues } from "../../src/persistence/connection/literals";
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

const common = (
  "ANSI_QUOTES HIGH_NOT_PRECEDENCE IGNORE_SPACE NO_BACKSLASH_ESCAPES PAD_CHAR_TO_FULL_LENGTH PIPES_AS_CONCAT" +
  " STRICT_ALL_TABLES ANSI"
).split(" ");
const modes = {
  mariadb: [...common, "EMPTY_STRING_IS_NULL", "ORACLE", "MSSQL", "DB2"],
  mysql: [...common, "REAL_AS_FLOAT"],
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

/** Of the texts as they are stored, and of the first one again. */
const bytesOf = (texts: readonly string[]) =>
  [...texts, texts[0] ?? ""].map((content) => [Buffer.from(content).toString("hex").toUpperCase(), "untouched"]);

describe.each(servers)("values on $name", (engine) => {
  const { name } = engine;
  let database: TestDatabase;
  let connection: Connection;
  beforeAll(async () => {
    database = await engine.create();
    connection = await connectTo(database.url);
    // a server that reports a change of character set makes mysql2 encode in it, and fail where it does not know it
    await connection.query("SET session_track_system_variables = 'autocommit'");
    await connection.query(
      "CREATE TABLE texts (id int PRIMARY KEY, content varchar(200) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin," +
        " other varchar(9)) ENGINE=InnoDB",
    );
  });
  afterAll(async () => {
    connection?.destroy();
    await database?.drop();
  });

  /** Writes texts and looks for one of them, and returns what is stored: text and bystander, and which one was found. */
  async function store(mode: readonly string[], charset: string, texts: readonly string[]): Promise<unknown> {
    await connection.query(`SET sql_mode = '${mode.join(",")}', character_set_client = '${charset}'`);
    await connection.query("DELETE FROM texts");
    const rows = texts.flatMap((content, id) => [id, content, "untouched"]);
    await connection.query(`INSERT INTO texts VALUES ${texts.map(() => "(?, ?, ?)").join(", ")}`, rows);
    const select = "SELECT HEX(content) AS hex, other FROM texts";
    const [stored] = await connection.query<RowDataPacket[]>(`${select} ORDER BY id`);
    const [found] = await connection.query<RowDataPacket[]>(`${select} WHERE content = ? LIMIT 1`, [texts[0]]);
    return [...stored, ...found].map((row) => [row["hex"], row["other"]]);
  }

  const pairs = modes[name].flatMap((first, index) => modes[name].slice(index).map((second) => [first, second]));
  const samples = [attack, ...fc.sample(text, { numRuns: 12, seed: 1 })];

  test.each(charsets)(
    "are what they are under every pair of modes when a client's characters are %s",
    async (charset) => {
      for (const pair of [[], ...pairs]) expect(await store(pair, charset, samples)).toEqual(bytesOf(samples));
    },
  );

  test("are what they are, whatever they are", async () => {
    const property = fc.asyncProperty(
      fc.subarray(modes[name]),
      fc.constantFrom(...charsets),
      fc.array(text, { minLength: 1, maxLength: 8 }),
      async (mode, charset, texts) => expect(await store(mode, charset, texts)).toEqual(bytesOf(texts)),
    );
    await fc.assert(property, { numRuns: 200 });
  });
});
