/** The messages for an overload, by its name in the metadata. */
export const overloads = {
  queue: "The server's queue of waiting calls is full",
  rate_limit: "The rate limit of the credentials is reached",
  streams: "The connection has too many open streams",
};

/** The messages for insufficient credentials, by the name of the scope in the metadata. */
export const scopeFailures = {
  action: "The credentials do not allow this action",
  environment: "The credentials do not allow this environment",
  organization: "The credentials do not allow this organization",
  acting_user: "The credentials act as another user",
  claim: "The token has no usable claim that grants access",
  environment_choice: "The credentials allow several environments; set ORGROLES_WORKOS_ENVIRONMENT to one of them",
  host: "The server does not serve this host over HTTP",
  origin: "Pages of this origin may not call; see ORGROLES_HTTP_ORIGINS",
};
