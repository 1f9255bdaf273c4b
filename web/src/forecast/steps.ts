import { isNegative, negated, sum } from '../number/decimal';

/** What becomes of the credits of one expiration day. */
export interface Expiry {
  expiresOn: string;
  credits: string;
  used: string;
  lost: string;
  held: string;
}

/** A step down from today's credits: those of one expiration day, or of several. */
export interface Step {
  /** The first and the last of its days. */
  from: string;
  to: string;
  used: string;
  lost: string;
  held: string;
}

/** Today's credits, those of each day, and those without a day within two years. */
export interface Steps {
  available: string;
  held: string;
  steps: readonly Step[];
  rest: {
    /** What is still there after two years. */
    stays: string;
    used: string;
    held: string;
  };
}

/** The steps that a screen has room for. Days beyond are put together. */
const MOST = 12;

interface Forecast {
  expiries: readonly Expiry[];
  usedInThirtyDays: string;
  runsOutOn?: string | null;
}

/** The days for which the server forecasts. */
const HORIZON = 730;

/** Divides an account's credits by the day on which they expire. */
export function stepsOf(
  { available, held }: { available: string; held: string },
  { expiries, usedInThirtyDays, runsOutOn }: Forecast,
): Steps {
  const alone = expiries.length > MOST ? MOST - 1 : MOST;
  const groups = expiries.slice(0, alone).map((expiry) => [expiry]);
  const later = expiries.slice(alone);
  const steps = [...groups, ...(later.length > 0 ? [later] : [])].map(together);
  const expiring = expiries.map(({ credits }) => credits);
  const heldOfThose = expiries.map((expiry) => expiry.held);
  const rest = without(available, expiring);
  // What the pace takes in two years, less what it takes from credits that expire. It is an
  // estimate, and a float is exact enough for it.
  const due = (Number(usedInThirtyDays) / 30) * HORIZON;
  const further = Math.max(0, Math.round(due - Number(sum(expiries.map(({ used }) => used)))));
  const used = runsOutOn || further > Number(rest) ? rest : String(further);
  return {
    available,
    held,
    steps,
    rest: { stays: without(rest, [used]), used, held: without(held, heldOfThose) },
  };
}

function together(group: readonly Expiry[]): Step {
  return {
    from: group[0]?.expiresOn ?? '',
    to: group.at(-1)?.expiresOn ?? '',
    used: sum(group.map(({ used }) => used)),
    lost: sum(group.map(({ lost }) => lost)),
    held: sum(group.map(({ held }) => held)),
  };
}

/** The rest of a whole; none if the parts were read later, and are more. */
function without(whole: string, parts: readonly string[]): string {
  const rest = sum([whole, negated(sum(parts))]);
  return isNegative(rest) ? '0' : rest;
}
