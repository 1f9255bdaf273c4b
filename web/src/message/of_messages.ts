/**
 * The context of queries of messages: they are repeated if a message is added or cancelled, though
 * an empty list has none that could change.
 */
export const OF_MESSAGES = { additionalTypenames: ['Message'] };
