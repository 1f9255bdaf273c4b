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

/** The newest version of each card that is in a currency, by code. */
export function newestIn<
  Card extends { code: string; version: number; creditValue: { currencyCode: string } },
>(currencyCode: string, cards: readonly Card[]): Card[] {
  return newestOfEach(cards).filter((card) => card.creditValue.currencyCode === currencyCode);
}

/** The card that a new account gets unless another is chosen, as the server chooses it, or the first. */
export function defaultCard<Card extends { code: string }>(
  currencyCode: string,
  cards: readonly Card[],
): Card | undefined {
  const code = (code: string) => cards.find((card) => card.code === code);
  return code('default') ?? code(`default-${currencyCode.toLowerCase()}`) ?? cards[0];
}
