/** The newest version of each card, by code. Versions are numbered from 1. */
export function newestOfEach<Card extends { code: string; version: number }>(
  cards: readonly Card[],
): Card[] {
  const newest = new Map<string, Card>();
  for (const card of cards) {
    const known = newest.get(card.code);
    if (!known || known.version < card.version) newest.set(card.code, card);
  }
  return [...newest.values()].sort((one, other) => one.code.localeCompare(other.code));
}
