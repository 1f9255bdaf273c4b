import type { Channel } from '../generated/graphql';

/** What usage is restricted to; everything that is left out counts. */
export interface Restriction {
  /** The id of a list. */
  list?: string;
  /** An ISO 3166-1 alpha-2 code. */
  country?: string;
  channel?: Channel;
}

/** Reads the words of the address. Words that mean nothing are ignored. */
export function readRestriction(words: {
  list?: string;
  country?: string;
  channel?: string;
}): Restriction {
  const channel = (['SMS', 'MMS'] as const).find((one) => one.toLowerCase() === words.channel);
  const country = /^[A-Z]{2}$/.test(words.country ?? '') ? words.country : undefined;
  const list = /^list_[0-9a-z]+$/.test(words.list ?? '') ? words.list : undefined;
  return { list, country, channel };
}

/** The words of a restriction. */
export function restrictionWords({ list, country, channel }: Restriction) {
  return { list, country, channel: channel?.toLowerCase() };
}

/** The conditions of a report. */
export function conditions({ list, country, channel }: Restriction) {
  return {
    ...(list && { listIds: [list] }),
    ...(country && { countryCodes: [country] }),
    ...(channel && { channel }),
  };
}
