import type { TransactionKind } from '../generated/graphql';

/** Why credits moved, in the order shown. */
export const KINDS = [
  'SPEND',
  'PURCHASE',
  'RECHARGE',
  'GRANT',
  'HOLD',
  'RELEASE',
  'EXPIRY',
  'ALLOCATION',
  'REVOCATION',
  'CHARGEBACK',
  'DEBT_PAYMENT',
  'TIME_ZONE_CHANGE',
] as const satisfies readonly TransactionKind[];

/** Reads a kind's word in the address; undefined if there is none, or it means nothing. */
export function readKind(word: string | undefined): TransactionKind | undefined {
  return KINDS.find((kind) => kindWord(kind) === word);
}

/** The word of a kind; none for all kinds. */
export function kindWord(kind: string): string | undefined {
  return kind === '' ? undefined : kind.toLowerCase().replaceAll('_', '-');
}
