import { Button, TextInput } from "@mantine/core";
import { useState } from "react";
import { useNavigate } from "react-router";
import { SearchIcon } from "../parts/icons";
import { Page } from "../parts/page";
import { isId, paths, useEnvironmentId } from "../shell/paths";

export default function Users() {
  const environmentId = useEnvironmentId();
  const navigate = useNavigate();
  const [userId, setUserId] = useState("");
  const text = userId.trim();
  const [error, setError] = useState<string>();
  return (
    <Page title="Users" lead="See where a user is a member, in all organizations, and end it all at once.">
      <form
        className="question question-short"
        onSubmit={(event) => {
          event.preventDefault();
          if (isId(text)) void navigate(paths.user(environmentId, text));
          else setError("An id has 1 to 64 characters without spaces");
        }}
      >
        <TextInput
          label="User id"
          description="The whole id, as your product gives it."
          classNames={{ input: "mono" }}
          leftSection={<SearchIcon size={16} />}
          spellCheck={false}
          autoComplete="off"
          value={userId}
          error={error}
          onChange={(event) => {
            setUserId(event.currentTarget.value);
            setError(undefined);
          }}
        />
        <Button type="submit">Show user</Button>
      </form>
    </Page>
  );
}
