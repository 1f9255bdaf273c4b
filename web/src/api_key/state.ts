import type { Role } from '../generated/graphql';

/** An API key as it is listed; its secret is known to nobody but its holder. */
export interface Key {
  id: string;
  name: string;
  /** How the secret begins; unknown for keys from before that was kept. */
  prefix?: string | null;
  role: Role;
  createdAt: string;
  lastUsedAt?: string | null;
  expiresAt?: string | null;
  revokedAt?: string | null;
}

export type KeyState = 'WORKING' | 'EXPIRED' | 'REVOKED';

/** Whether a key works at an instant. */
export function keyState(key: Pick<Key, 'expiresAt' | 'revokedAt'>, now: number): KeyState {
  if (key.revokedAt) return 'REVOKED';
  return key.expiresAt && Date.parse(key.expiresAt) <= now ? 'EXPIRED' : 'WORKING';
}
