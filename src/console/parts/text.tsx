import { Badge } from "@mantine/core";

/** Shows a slug or an id. What does not fit is cut, and is in the title. */
export const Mono = ({ children, className = "" }: { children: string; className?: string }) => (
  <span className={`mono cut ${className}`} title={children}>
    {children}
  </span>
);

/** Shows a name as people wrote it: its direction does not reach beyond it. */
export const Name = ({ children }: { children: string }) => (
  <bdi className="cut" title={children}>
    {children}
  </bdi>
);

const colors = { default: "indigo", custom: "teal", inherited: "gray", kept: "gray" } as const;

export const Mark = ({ kind, children }: { kind: keyof typeof colors; children: string }) => (
  <Badge variant="light" color={colors[kind]} size="sm" radius="sm" className={`mark mark-${kind}`}>
    {children}
  </Badge>
);

const numbers = new Intl.NumberFormat("en");

/** Returns a number with its noun, such as "1 member" or "2 members". */
export const count = (number: number, noun: string, nouns = `${noun}s`): string =>
  `${numbers.format(number)} ${number === 1 ? noun : nouns}`;

const times = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

/** Shows a time of the API in the reader's own zone. */
export function Time({ value }: { value: { seconds: bigint } | undefined }) {
  if (!value) return null;
  const date = new Date(Number(value.seconds) * 1000);
  return (
    <time dateTime={date.toISOString()} title={date.toISOString()}>
      {times.format(date)}
    </time>
  );
}
