import { Alert, Anchor, Button, Divider, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useState, useSyncExternalStore } from "react";
import { session } from "../api/session";
import { Logo } from "../shell/logo";
import { SignInHere, SignInInAnotherTab } from "./issuer-button";
import { returned } from "./returned";
import { signInSettings } from "./settings";

/** Matches a token. A header cannot contain any other text. */
const isToken = (text: string) => /^[\w.~+/=-]+$/.test(text);

/** Most issuers refuse to be shown in a frame. */
const isFramed = window.top !== window;

interface Props {
  readonly wasRefused: boolean;
  /** Whether there is a page that has to stay as it is. */
  readonly isAbovePage?: boolean;
}

/** Signs in at the issuer where there is one, or with a token. It is kept for this tab alone. */
export function SignInForm({ wasRefused, isAbovePage = false }: Props) {
  const failure = useSyncExternalStore(returned.subscribe, returned.failure);
  const [wantsToken, setWantsToken] = useState(!signInSettings);
  const SignIn = isAbovePage || isFramed ? SignInInAnotherTab : SignInHere;
  return (
    <Stack gap="md">
      {wasRefused && !failure && (
        <Alert color="red" variant="light" role="alert" title="Your token is not accepted" className="notice">
          <Text size="sm">
            {signInSettings
              ? "It has expired, or your account may not use this service. Sign in again."
              : "It is unknown here, or it has expired. Paste another one."}
          </Text>
        </Alert>
      )}
      {signInSettings && <SignIn failure={failure} key={failure} />}
      {signInSettings && !wantsToken && (
        <Anchor component="button" type="button" size="sm" ta="center" onClick={() => setWantsToken(true)}>
          Use a token instead
        </Anchor>
      )}
      {signInSettings && wantsToken && <Divider label="or" />}
      {wantsToken && <TokenForm kind={signInSettings ? "default" : "filled"} />}
    </Stack>
  );
}

function TokenForm({ kind }: { kind: "default" | "filled" }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState<string>();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const text = token.trim();
        if (!isToken(text)) return setError(text ? "This is not a token: it has other characters" : "Paste a token");
        setError(undefined);
        session.signIn({ token: text });
      }}
    >
      <Stack gap="md">
        <PasswordInput
          label="Token"
          description="Kept for this tab alone, until you close it."
          data-autofocus
          autoComplete="off"
          value={token}
          error={error}
          onChange={(event) => setToken(event.currentTarget.value)}
          visibilityToggleButtonProps={{ "aria-label": "Show the token" }}
        />
        <Button type="submit" fullWidth variant={kind}>
          Sign in
        </Button>
      </Stack>
    </form>
  );
}

export const SignInPage = ({ wasRefused }: { wasRefused: boolean }) => (
  <main className="sign-in">
    <div className="sign-in-card">
      <Stack gap="xs" mb="lg">
        <Logo />
        <Title order={1} fz={22} mt="sm">
          Sign in
        </Title>
        <Text c="dimmed" size="sm">
          {signInSettings
            ? "With your account. You come back to this page."
            : "With a token of this server. Whoever runs it can give you one."}
        </Text>
      </Stack>
      <SignInForm wasRefused={wasRefused} />
    </div>
  </main>
);

/** Stands in a tab whose answer went to the one that opened it. */
export const SignedInElsewhere = () => (
  <main className="sign-in">
    <div className="sign-in-card">
      <Logo />
      <Title order={1} fz={22} mt="lg" mb="xs">
        Go on in the other tab
      </Title>
      <Text c="dimmed" size="sm">
        The answer of the issuer is there. You can close this tab.
      </Text>
    </div>
  </main>
);
