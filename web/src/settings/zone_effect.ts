import { sum } from '../number/decimal';
import { instantsOf } from '../time/period';

/** Credits with an expiration day. */
export interface DatedLot {
  remaining: string;
  expiresOn?: string | null;
  expiresAt?: string | null;
}

export interface Effect {
  /** The lots whose day has begun in the new zone, and what would expire of them at once. */
  lost?: { lots: number; credits: string };
  /** The lot that expires next and goes on: when it does now, and when it would. */
  next?: { credits: string; expiresOn: string; before: string; after: string };
}

/**
 * What another time zone does to an account's lots: the expiration day of each stays, and begins
 * at another instant.
 */
export function zoneEffect(lots: readonly DatedLot[], zone: string, now: string): Effect {
  const dated = lots.flatMap(({ remaining, expiresOn, expiresAt }) => {
    if (!expiresOn || !expiresAt) return [];
    const after = instantsOf({ first: expiresOn, last: expiresOn }, zone).from;
    return [{ credits: remaining, expiresOn, before: expiresAt, after }];
  });
  const at = Date.parse(now);
  const lost = dated.filter(({ after }) => Date.parse(after) <= at);
  const next = dated
    .filter(({ after }) => Date.parse(after) > at)
    .sort((one, other) => Date.parse(one.after) - Date.parse(other.after))[0];
  return {
    lost:
      lost.length > 0
        ? { lots: lost.length, credits: sum(lost.map(({ credits }) => credits)) }
        : undefined,
    next,
  };
}
