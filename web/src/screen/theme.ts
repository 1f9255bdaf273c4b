import { Badge, type CSSVariablesResolver, createTheme } from '@mantine/core';

/** The look of the page: calm, dense, and with the contrast that WCAG AA requires. */
export const theme = createTheme({
  primaryColor: 'cyan',
  primaryShade: 9,
  defaultRadius: 'sm',
  cursorType: 'pointer',
  components: {
    Badge: Badge.extend({ defaultProps: { tt: 'none', fw: 500, style: { flexShrink: 0 } } }),
  },
});

/** Some of Mantine's own colours are too faint for small text. */
export const variables: CSSVariablesResolver = ({ colors }) => ({
  variables: { '--mantine-primary-color-filled-hover': '#095c6b' },
  light: {
    '--mantine-color-dimmed': colors.gray[7],
    '--mantine-color-placeholder': colors.gray[7],
    '--mantine-color-error': colors.red[9],
    '--mantine-color-teal-light-color': '#066649',
    '--mantine-color-yellow-light-color': '#6b4300',
  },
  dark: {
    '--mantine-color-dimmed': colors.dark[1],
    '--mantine-color-placeholder': colors.dark[1],
    '--mantine-color-error': colors.red[4],
  },
});
