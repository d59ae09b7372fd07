import { Alert, Button, Text } from "@mantine/core";
import { useEffect, useState } from "react";
import { complete } from "./returned";
import { channelName } from "./pending";
import { issuerHost } from "./settings";

const label = `Continue with ${issuerHost ?? ""}`;

const prepare = async (isInAnotherTab: boolean) => (await import("./oidc")).prepareSignIn(isInAnotherTab);

const Trouble = ({ children }: { children: string }) => (
  <Alert color="red" variant="light" role="alert" title="Signing in did not work" className="notice">
    <Text size="sm" className="breakable">
      {children}
    </Text>
  </Alert>
);

/** Leads to the sign-in of the issuer, and back to the same page. */
export function SignInHere({ failure }: { failure: string }) {
  const [isPending, setPending] = useState(false);
  const [trouble, setTrouble] = useState(failure);
  const begin = () => {
    setPending(true);
    setTrouble("");
    prepare(false).then(
      (url) => window.location.assign(url),
      (error: Error) => {
        setPending(false);
        setTrouble(error.message);
      },
    );
  };
  return (
    <>
      {trouble && <Trouble>{trouble}</Trouble>}
      <Button fullWidth size="md" loading={isPending} onClick={begin} data-autofocus>
        {label}
      </Button>
    </>
  );
}

/** Leads to the sign-in of the issuer in another tab, whose answer comes back to this one. */
export function SignInInAnotherTab({ failure }: { failure: string }) {
  const [url, setUrl] = useState<string>();
  const [trouble, setTrouble] = useState("");
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let isCurrent = true;
    let expected: string | null = null;
    void (async () => {
      try {
        const made = await prepare(true);
        expected = new URL(made).searchParams.get("state");
        if (isCurrent) setUrl(made);
      } catch (error) {
        if (isCurrent) setTrouble(error instanceof Error ? error.message : String(error));
      }
    })();
    const channel = new BroadcastChannel(channelName);
    channel.addEventListener("message", ({ data }: MessageEvent<string>) => {
      const answer = new URLSearchParams(data);
      if (answer.get("state") !== expected) return; // it is for another tab
      setUrl(undefined);
      void complete(answer).then(() => setTries((number) => number + 1));
    });
    return () => {
      isCurrent = false;
      channel.close();
    };
  }, [tries]);
  return (
    <>
      {(trouble || failure) && <Trouble>{trouble || failure}</Trouble>}
      <Button component="a" href={url} target="_blank" rel="noopener" fullWidth size="md" loading={!url && !trouble}>
        {label}
      </Button>
      <Text size="sm" c="dimmed">
        It opens in another tab. Come back here afterwards.
      </Text>
    </>
  );
}
