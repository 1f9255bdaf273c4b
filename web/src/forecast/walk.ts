/*
 * How an account's credits go down, day by day: the server's forecast as a line. It has the same
 * rules (law T6), but floats, which look the same: the drawings' dates and figures that are read
 * are the server's.
 */

/** Credits with the day on which they expire, counted from today; none if they never do. */
export interface Lot {
  credits: number;
  expiresIn?: number;
}

/** The order in which an account spends its lots. */
export type Order = 'NON_EXPIRING_FIRST' | 'SOONEST_EXPIRY_FIRST';

/** The credits that are left at a time, in days from today. */
export interface Point {
  day: number;
  credits: number;
}

/** A line of points, and the time at which nothing is left to pay messages with. */
export interface Walk {
  points: readonly Point[];
  end?: number;
}

/** Spends the lots at a pace per day until a day. What is left of a lot on its day is lost. */
export function walk(lots: readonly Lot[], order: Order, pace: number, until: number): Walk {
  const left = inOrder(lots, order);
  const there = () => left.reduce((sum, { credits }) => sum + credits, 0);
  const days = new Set(left.flatMap(({ expiresIn }) => expiresIn ?? []));
  const stops = [...days].filter((day) => day < until).sort((one, other) => one - other);
  const points: Point[] = [{ day: 0, credits: there() }];
  let passed = 0;
  for (const stop of [...stops, until]) {
    const before = there();
    const due = (stop - passed) * pace;
    if (due > 0 && due >= before) {
      const end = passed + before / pace;
      return { points: [...points, { day: end, credits: 0 }, { day: until, credits: 0 }], end };
    }
    spend(left, due);
    points.push({ day: stop, credits: there() });
    for (const lot of left) {
      if (lot.expiresIn === stop && stop < until) lot.credits = 0;
    }
    if (there() < (points.at(-1)?.credits ?? 0)) points.push({ day: stop, credits: there() });
    passed = stop;
  }
  return { points };
}

function inOrder(lots: readonly Lot[], order: Order): Lot[] {
  const never = order === 'NON_EXPIRING_FIRST' ? -1 : Number.POSITIVE_INFINITY;
  return lots
    .map((lot) => ({ ...lot }))
    .sort((one, other) => (one.expiresIn ?? never) - (other.expiresIn ?? never) || 0);
}

function spend(left: readonly Lot[], credits: number): void {
  let due = credits;
  for (const lot of left) {
    const part = Math.min(due, lot.credits);
    lot.credits -= part;
    due -= part;
  }
}

/** The credits of a line on a day, after what expires when the day begins. */
export function creditsOn({ points }: Walk, day: number): number {
  const next = points.findIndex((point) => point.day > day);
  const to = points[next];
  const from = points[next - 1];
  if (!to || !from) return points.at(-1)?.credits ?? 0;
  const share = (day - from.day) / (to.day - from.day);
  return from.credits + (to.credits - from.credits) * share;
}

/** The days of one measured pace, and the number of those before today. */
const WINDOW = 30;
const WINDOWS = 3;

/** The days of which `measuredPaces` has to know the use, before today. */
export const MEASURED_DAYS = WINDOW * WINDOWS;

/** The fastest and the slowest pace of the last 90 days, per day. */
export interface Paces {
  fastest: number;
  slowest: number;
}

/**
 * The paces by which the server found its dates: of three times thirty days, unless the account is
 * younger, which only those dates say.
 * @param used the credits of the days before today, oldest first
 * @param fits whether a pair of paces leads to the server's dates
 */
export function measuredPaces(used: readonly number[], fits: (paces: Paces) => boolean): Paces {
  const windows = Array.from({ length: WINDOWS }, (_, index) => {
    const end = used.length - index * WINDOW;
    const days = used.slice(Math.max(0, end - WINDOW), Math.max(0, end));
    return days.reduce((sum, credits) => sum + credits, 0) / WINDOW;
  });
  const choices = [WINDOWS, 2, 1].map((count) => {
    const measured = windows.slice(0, count);
    return { fastest: Math.max(...measured), slowest: Math.min(...measured) };
  });
  const [all = { fastest: 0, slowest: 0 }] = choices;
  return choices.find(fits) ?? all;
}
