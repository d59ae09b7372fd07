import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import type { Call } from "../api/call";
import { grpcurl } from "../api/grpcurl";
import { session } from "../api/session";
import { announce } from "./announce";
import { CheckIcon, CopyIcon } from "./icons";

/** Writes a text to the clipboard, also on pages that browsers do not call secure. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

/** Copies the exact call of an action, for a shell. */
export function CopyCall({ of }: { of: Call }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return undefined;
    const timer = setTimeout(() => setCopied(false), 2000);
    return () => clearTimeout(timer);
  }, [copied]);
  const onClick = async () => {
    const { hostname, protocol } = window.location;
    const target = { hostname, tls: protocol === "https:", signedIn: session.token() !== undefined };
    await copy(grpcurl(of, target));
    setCopied(true);
    announce("Copied as grpcurl");
  };
  return (
    <Button
      variant="subtle"
      color="gray"
      size="compact-sm"
      className="quiet"
      leftSection={copied ? <CheckIcon size={15} /> : <CopyIcon size={15} />}
      onClick={() => void onClick()}
    >
      {copied ? "Copied" : "Copy as grpcurl"}
    </Button>
  );
}
