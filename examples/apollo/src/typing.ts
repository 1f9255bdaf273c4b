import { setTimeout as sleep } from 'node:timers/promises';

/** The text as somebody types it, a word at a time. */
export async function* typed(text: string): AsyncGenerator<string> {
  for (const { index } of text.matchAll(/\s|$/g)) {
    yield text.slice(0, index);
    await sleep(60);
  }
}

/** A setting of the program. */
export function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  console.error(`Set ${name}; see examples/README.md.`);
  process.exit(1);
}

/** The last 30 days and today, in days of UTC. */
export function lastThirtyDays(): { from: string; to: string } {
  const day = 24 * 3_600_000;
  const today = Math.floor(Date.now() / day) * day;
  return {
    from: new Date(today - 30 * day).toISOString(),
    to: new Date(today + day).toISOString(),
  };
}
