import { daysUntil } from './axes';
import { type Lot, measuredPaces, type Order, type Paces, type Walk, walk } from './walk';

/** How an account's credits go down from today on, as lines of days and credits. */
export interface Outlook {
  today: string;
  /** The days that are shown. */
  until: number;
  /** At the pace of the last 30 days. */
  usual: Walk;
  /** At the slowest and at the fastest pace of the last 90 days, if they differ. */
  band?: { slowest: Walk; fastest: Walk };
  /** At the pace of the same month of last year, if anything was used in it. */
  yearAgo?: Walk;
  /** What scheduled messages hold, if there are any. */
  held?: Walk;
}

/** What the lines are made of, as the server has it. */
export interface Given {
  today: string;
  order: Order;
  lots: readonly { remaining: string; expiresOn?: string | null }[];
  usedInThirtyDays: string;
  usedInMonthAYearAgo: string;
  earliestRunsOutOn?: string | null;
  latestRunsOutOn?: string | null;
  /** The credits that messages cost on each day before today, oldest first. */
  used: readonly string[];
  held: string;
  /** The scheduled messages, by their day, soonest first. */
  scheduled: readonly { day: string; credits: string }[];
}

/** The server looks no further: two years. */
const HORIZON = 730;
/** The fewest days that are shown. */
const FEWEST = 7;

/** Makes the lines. Their figures are floats, which look the same. */
export function outlookOf(given: Given): Outlook {
  const { today, order } = given;
  const lots: Lot[] = given.lots.map(({ remaining, expiresOn }) => ({
    credits: Number(remaining),
    expiresIn: expiresOn ? daysUntil(today, expiresOn) : undefined,
  }));
  const at = (pace: number, until = HORIZON) => walk(lots, order, pace, until);
  const day = (date?: string | null) => (date ? daysUntil(today, date) : undefined);
  const [earliest, latest] = [day(given.earliestRunsOutOn), day(given.latestRunsOutOn)];
  const paces = measuredPaces(
    given.used.map(Number),
    ({ fastest, slowest }) => meets(at(fastest), earliest) && meets(at(slowest), latest),
  );
  const usualPace = Number(given.usedInThirtyDays) / 30;
  const yearAgoPace = Number(given.usedInMonthAYearAgo) / daysOfMonth(today);
  const scheduled = given.scheduled.map((one) => ({
    day: daysUntil(today, one.day),
    credits: Number(one.credits),
  }));
  const ends = [at(usualPace).end, at(yearAgoPace).end, at(paces.fastest).end];
  const until = shownDays(
    ends.filter((end) => end !== undefined),
    [at(paces.slowest).end ?? 0, ...scheduled.map((one) => one.day)],
    lots.flatMap(({ expiresIn }) => expiresIn ?? []),
  );
  return {
    today,
    until,
    usual: at(usualPace, until),
    band: bandOf(paces, (pace) => at(pace, until)),
    yearAgo: yearAgoPace > 0 ? at(yearAgoPace, until) : undefined,
    held: Number(given.held) > 0 ? steps(Number(given.held), scheduled, until) : undefined,
  };
}

/** Whether a line ends on the day that the server found, give or take its rounding. */
function meets({ end }: Walk, day: number | undefined): boolean {
  if (end === undefined || day === undefined) return end === day;
  return Math.abs(Math.floor(end) - day) <= 1;
}

function bandOf({ slowest, fastest }: Paces, at: (pace: number) => Walk): Outlook['band'] {
  return slowest === fastest ? undefined : { slowest: at(slowest), fastest: at(fastest) };
}

/**
 * As many days as it takes to see the ends, but not so many that the nearest can't be told from
 * today: what comes much later leaves the drawing at its right. Without an end, all that expires is
 * seen.
 */
function shownDays(
  ends: readonly number[],
  later: readonly number[],
  expiries: readonly number[],
): number {
  const near = Math.max(FEWEST, ...ends);
  const far = ends.length > 0 ? near * 3 : HORIZON;
  const seen = [...later, ...(ends.length > 0 ? [] : expiries)].filter((day) => day <= far);
  return Math.ceil(Math.min(HORIZON, Math.max(near, ...seen) * 1.08));
}

/** What is held, less each message on its day. */
function steps(
  held: number,
  scheduled: readonly { day: number; credits: number }[],
  until: number,
): Walk {
  let left = held;
  const points = [{ day: 0, credits: held }];
  for (const { day, credits } of scheduled) {
    if (day > until) break;
    points.push({ day: Math.max(0, day), credits: left });
    left = Math.max(0, left - credits);
    points.push({ day: Math.max(0, day), credits: left });
  }
  return { points: [...points, { day: until, credits: left }] };
}

/** The days of the month of a date, a year before. */
function daysOfMonth(day: string): number {
  const [year = 0, month = 0] = day.split('-').map(Number);
  return new Date(Date.UTC(year - 1, month, 0)).getUTCDate();
}
