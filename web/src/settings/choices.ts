/** The time zone of an account that names none. */
export const DEFAULT_ZONE = 'Europe/Rome';

/** The time zones to choose from: the browser's, with the present one if it is another. */
export function zones(present: string): string[] {
  const known = Intl.supportedValuesOf('timeZone');
  return [...new Set([...known, 'UTC', present])].sort();
}

/** The lines with something in them. */
export function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
