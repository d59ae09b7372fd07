import { Text } from "@mantine/core";

export const Logo = () => (
  <span className="logo">
    <svg width="28" height="28" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#4338ca" />
      <circle cx="12" cy="13" r="4.5" fill="none" stroke="#fff" strokeWidth="2.6" />
      <path d="M15.5 16.5 24 25M20 21l2.6-2.6" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" fill="none" />
    </svg>
    <Text component="span" fw={650} fz={16}>
      Org Roles
    </Text>
  </span>
);
