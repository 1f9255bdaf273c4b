import { isNegative, negated, quotientUp, sum } from '../number/decimal';
import { editable, readNumber } from '../number/reading';

/** A list as it is. */
export interface Limits {
  id: string;
  name: string;
  allocation: { mode: 'SHARED' | 'LIMITED'; assigned?: string | null };
}

/** What a list is to become, as it is being edited. */
export interface Draft {
  list: Limits;
  limited: boolean;
  /** The typed credits, which count only if it is limited. */
  typed: string;
}

/** A list's limit before and after; null if the list shares credits. */
export interface Change {
  list: Limits;
  before: string | null;
  after: string | null;
}

const CREDITS = { kind: 'credits' } as const;

/** The draft of a list that nobody has edited. */
export function untouched(list: Limits): Draft {
  const { mode, assigned } = list.allocation;
  return { list, limited: mode === 'LIMITED', typed: editable(assigned ?? '') };
}

/** What a draft changes: nothing, something, or a number that can't be read. */
export function changeOf(draft: Draft): Change | 'none' | 'unreadable' {
  const { list } = draft;
  const before = list.allocation.mode === 'LIMITED' ? (list.allocation.assigned ?? '0') : null;
  if (!draft.limited) return before === null ? 'none' : { list, before, after: null };
  const reading = readNumber(draft.typed, CREDITS);
  if ('problem' in reading) return 'unreadable';
  return reading.value === before ? 'none' : { list, before, after: reading.value };
}

/** What a change takes from the unassigned credits; negative if it gives some back. */
export function taken({ before, after }: Change): string {
  return sum([after ?? '0', negated(before ?? '0')]);
}

/** The unassigned credits after all changes; negative if there aren't enough. */
export function unassignedAfter(unassigned: string, changes: readonly Change[]): string {
  return sum([unassigned, ...changes.map((change) => negated(taken(change)))]);
}

export function isEnough(unassigned: string): boolean {
  return !isNegative(unassigned);
}

/** The credits that a list used in a month on average, rounded up to a whole one. */
export function monthlyAverage(used: string, months: number): string {
  return quotientUp(used, String(months));
}
