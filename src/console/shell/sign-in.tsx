import { Alert, Button, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { useState } from "react";
import { session } from "../api/session";
import { Logo } from "./logo";

/** Matches a token. A header cannot contain any other text. */
const isToken = (text: string) => /^[\w.~+/=-]+$/.test(text);

/** Asks for a token. It is kept for this tab alone. */
export function SignInForm({ wasRefused }: { wasRefused: boolean }) {
  const [token, setToken] = useState("");
  const [error, setError] = useState<string>();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        const text = token.trim();
        if (!isToken(text)) return setError(text ? "This is not a token: it has other characters" : "Paste a token");
        setError(undefined);
        session.signIn(text);
      }}
    >
      <Stack gap="md">
        {wasRefused && (
          <Alert color="red" variant="light" role="alert" title="Your token is not accepted">
            <Text size="sm">It is unknown here, or it has expired. Paste another one.</Text>
          </Alert>
        )}
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
        <Button type="submit" fullWidth>
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
          With a token of this server. Whoever runs it can give you one.
        </Text>
      </Stack>
      <SignInForm wasRefused={wasRefused} />
    </div>
  </main>
);
