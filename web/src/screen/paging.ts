import { useState } from 'react';

/** The reader's position in a connection: the cursors of the pages already visited. */
export interface Paging {
  size: number;
  page: number;
  after: string | null;
  forward(cursor: string): void;
  back(): void;
  restart(): void;
}

export function usePaging(size: number): Paging {
  const [cursors, setCursors] = useState<readonly string[]>([]);
  return {
    size,
    page: cursors.length + 1,
    after: cursors.at(-1) ?? null,
    forward: (cursor) => setCursors((known) => [...known, cursor]),
    back: () => setCursors((known) => known.slice(0, -1)),
    restart: () => setCursors([]),
  };
}
