import { type CSSVariablesResolver, type MantineColorsTuple, createTheme } from "@mantine/core";

const indigo: MantineColorsTuple = [
  "#eef2ff",
  "#e0e7ff",
  "#c7d2fe",
  "#a5b4fc",
  "#818cf8",
  "#6366f1",
  "#5457e6",
  "#4a44d8",
  "#4338ca",
  "#352ea5",
];

const sans =
  'ui-sans-serif, system-ui, -apple-system, "Segoe UI", "Inter", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';

const dark: MantineColorsTuple = [
  "#ececf1",
  "#c3c6cf",
  "#a5a9b4",
  "#8c909b",
  "#3a3d46",
  "#2c2e35",
  "#22242a",
  "#1b1c21",
  "#16171b",
  "#101114",
];

export const theme = createTheme({
  colors: { indigo, dark },
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: "md",
  fontFamily: sans,
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontFamily: sans, fontWeight: "600" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    // the colours of its kinds have too little contrast for text
    Alert: { styles: { label: { color: "var(--mantine-color-text)" } } },
    Modal: {
      styles: {
        title: { fontSize: 18, fontWeight: 600, lineHeight: 1.35 },
        header: { paddingTop: 18 },
        body: { paddingBottom: 20 },
      },
    },
  },
});

/** Sets the colours that have too little contrast in the library, and those of our own surfaces. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-text": "#18181b",
    "--mantine-color-dimmed": "#5b5f67",
    "--mantine-color-placeholder": "#6b7079",
    "--mantine-color-error": "#b42318",
    "--mantine-color-anchor": "#4338ca",
    "--surface": "#f8f8fa",
    "--hairline": "#e4e4e9",
    "--hover": "#f5f5f8",
    "--added": "#0b6b3a",
    "--added-surface": "#e7f6ed",
    "--removed": "#a1260d",
    "--removed-surface": "#fdeeea",
  },
  dark: {
    "--mantine-color-body": "#16171b",
    "--mantine-color-text": "#ececf1",
    "--mantine-color-dimmed": "#a5a9b4",
    "--mantine-color-placeholder": "#9498a3",
    "--mantine-color-error": "#ff9c8f",
    "--mantine-color-anchor": "#a5b4fc",
    "--surface": "#101114",
    "--hairline": "#2c2e35",
    "--hover": "#1e2026",
    "--added": "#7ee2a8",
    "--added-surface": "#10281b",
    "--removed": "#ffab9e",
    "--removed-surface": "#341713",
  },
});
