import { MantineProvider } from "@mantine/core";
import { TransportProvider } from "@connectrpc/connect-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { queryClient } from "./api/client";
import { transport } from "./api/transport";
import { App } from "./shell/app";
import { ErrorBoundary } from "./shell/error-boundary";
import { takeAnswer } from "./sign-in/returned";
import "./styles";
import { cssVariables, theme } from "./theme";

const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
setNonce(nonce);

takeAnswer();

const root = document.getElementById("root");
if (root)
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={cssVariables}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <ErrorBoundary>
          <TransportProvider transport={transport}>
            <QueryClientProvider client={queryClient}>
              <BrowserRouter basename="/console">
                <App />
              </BrowserRouter>
            </QueryClientProvider>
          </TransportProvider>
        </ErrorBoundary>
      </MantineProvider>
    </StrictMode>,
  );
