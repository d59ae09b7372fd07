import { Modal } from "@mantine/core";
import { SignInForm } from "./sign-in";

/** Asks for a new token above the page, so that what is typed there stays. */
export default function Expired() {
  return (
    <Modal
      opened
      onClose={() => undefined}
      withCloseButton={false}
      title="Sign in again"
      zIndex={400}
      attributes={{ header: { role: "none" } }}
    >
      <SignInForm wasRefused isAbovePage />
    </Modal>
  );
}
