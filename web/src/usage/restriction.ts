import type { Channel } from '../generated/graphql';

/** What usage is restricted to; everything that is left out counts. */
export interface Restriction {
  /** The id of a list. */
  list?: string;
  /** An ISO 3166-1 alpha-2 code. */
  country?: string;
  channel?: Channel;
  /** The id of the API key that sent the messages. */
  key?: string;
  /** Whom a key acted for, by its label; only without a key. */
  person?: string;
}

/** Reads the words of the address. Words that mean nothing are ignored. */
export function readRestriction(words: {
  list?: string;
  country?: string;
  channel?: string;
  key?: string;
  person?: string;
}): Restriction {
  const channel = (['SMS', 'MMS'] as const).find((one) => one.toLowerCase() === words.channel);
  const country = /^[A-Z]{2}$/.test(words.country ?? '') ? words.country : undefined;
  const list = /^list_[0-9a-z]+$/.test(words.list ?? '') ? words.list : undefined;
  const key = /^key_[0-9a-z]+$/.test(words.key ?? '') ? words.key : undefined;
  // One of both: the key, whoever it acted for, or the person, whichever key acted for them.
  const person = !key && words.person && words.person.length <= 100 ? words.person : undefined;
  return { list, country, channel, key, person };
}

/** The words of a restriction. */
export function restrictionWords({ channel, ...words }: Restriction) {
  return { ...words, channel: channel?.toLowerCase() };
}

/** The conditions of a report. */
export function conditions({ list, country, channel, key, person }: Restriction) {
  return {
    ...(list && { listIds: [list] }),
    ...(country && { countryCodes: [country] }),
    ...(channel && { channel }),
    ...((key || person) && { actor: { apiKeyId: key, onBehalfOf: person } }),
  };
}
